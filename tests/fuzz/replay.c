/* replay -- runs one fuzz entry over the files named on the command line, so that a
 * corpus can be checked without libFuzzer.  Linked once per entry.  Exit status: 0 all
 * were run (a fault aborts), 2 no file, or one that cannot be read. */
#include "../../ref/io/io.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

int main(int argc, char **argv)
{
    for (int i = 1; i < argc; i++) {
        struct file f;
        struct err e;
        if (file_map(&f, argv[i], &e)) {
            fprintf(stderr, "replay: %s\n", e.text);
            return 2;
        }
        /* a copy of exactly that size: a sanitizer sees a read behind it */
        unsigned char *copy = malloc(f.size ? f.size : 1);
        if (!copy) return 2;
        if (f.size) memcpy(copy, f.data, f.size);
        LLVMFuzzerTestOneInput(copy, f.size);
        free(copy);
        file_unmap(&f);
    }
    printf("%d files\n", argc - 1);
    return argc > 1 ? 0 : 2;
}
