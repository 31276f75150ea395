/* make_data -- writes the clips of clips.h as Y4M files, for programs that read files.
 *
 *   make_data FOLDER [NAME...]       all clips, or the named ones, as FOLDER/NAME.y4m
 *   make_data --list                 a line for each: name, size, frames, rate, what is known
 *
 * Exit status 0; 2 when a file cannot be written or there is no such clip. */
#include "clips.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int write_clip(const char *folder, const struct clip_spec *s)
{
    char path[1024];
    if (snprintf(path, sizeof path, "%s/%s.y4m", folder, s->name) >= (int)sizeof path) return 2;
    FILE *f = fopen(path, "wb");
    unsigned char *frame = malloc(clip_bytes(s));
    int good = f && frame;
    if (good) fprintf(f, "YUV4MPEG2 W%d H%d F%d:%d Ip A1:1 C420jpeg\n", s->width, s->height, s->rate_num, s->rate_den);
    for (int n = 0; good && n < s->frames; n++) {
        struct picture p;
        clip_frame(s, n, &p, frame);
        good = fputs("FRAME\n", f) >= 0 && fwrite(frame, 1, clip_bytes(s), f) == clip_bytes(s);
    }
    free(frame);
    if (f && fclose(f)) good = 0;
    if (!good) fprintf(stderr, "make_data: cannot write %s\n", path);
    return good ? 0 : 2;
}

int main(int argc, char **argv)
{
    int count, status = 0;
    const struct clip_spec *s = clip_specs(&count);
    if (argc < 2 || !strcmp(argv[1], "--help")) {
        fputs("usage: make_data FOLDER [NAME...] | --list\n", argc < 2 ? stderr : stdout);
        return argc < 2 ? 2 : 0;
    }
    if (!strcmp(argv[1], "--list")) {
        for (int i = 0; i < count; i++)
            printf("%-11s %3dx%-3d %3d frames %d/%d  %s\n", s[i].name, s[i].width, s[i].height, s[i].frames,
                   s[i].rate_num, s[i].rate_den, s[i].truth);
        return 0;
    }
    for (int i = 0; i < count && argc == 2; i++) status |= write_clip(argv[1], &s[i]);
    for (int i = 2; i < argc; i++) {
        const struct clip_spec *one = clip_find(argv[i]);
        if (!one) fprintf(stderr, "make_data: there is no clip %s\n", argv[i]);
        status |= one ? write_clip(argv[1], one) : 2;
    }
    return status;
}
