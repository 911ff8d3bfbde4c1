#!/usr/bin/env bash
# Builds the .wasm files beside their sources. Needs clang and wasm-ld (Debian: clang lld). The results are committed, so only
# someone who changes a kernel needs this. `./build.sh NAME.c…` builds single kernels; without arguments, all and medium.wasm.
set -euo pipefail
cd -- "$(dirname -- "${BASH_SOURCE[0]}")"
objects=$(mktemp -d)
trap 'rm -rf "$objects"' EXIT

# Two steps, since clang as the linker's driver would also run wasm-opt where that happens to be installed.
compile() { clang --target=wasm32 -std=c11 -Wall -Wextra -ffreestanding "$@"; }
link() { wasm-ld --no-entry --strip-all -z stack-size=65536 "$@"; }
done_with() { chmod -x "$1"; printf '%7d %s\n' "$(stat -c %s "$1")" "$1"; }

kernel() {
    local name=${1%.c} features=(-mbulk-memory -fno-builtin)
    case $name in
        simd_*) features=(-mbulk-memory -msimd128) ;;
        copy_loop) features=(-fno-builtin) ;; # loops stay loops
        copy_bulk) features=(-mbulk-memory) ;;
    esac
    compile -O2 "${features[@]}" -c -o "$objects/$name.o" "$name.c"
    link -o "$name.wasm" "$objects/$name.o"
    done_with "$name.wasm"
}

# medium.wasm: the scalar kernels in many variants in one module of about 200 KB, for the compile-time rows.
medium() {
    local variants=(
        "-O2" "-O1" "-Os" "-O3" "-Oz" "-O0" "-O2 -DNOINLINE=" "-O1 -DNOINLINE=" "-Os -DNOINLINE=" "-O3 -DNOINLINE=" "-O1 -funroll-loops"
        "-O2 -funroll-loops" "-O2 -mllvm -unroll-count=2" "-O3 -mllvm -unroll-count=2 -DNOINLINE="
    )
    local parts=(fib ackermann matmul_i32 matmul_f64 crc32 sha256 indirect switch_vm copy_loop
        nbody mandelbrot hash_i64 hash_table tree base64)
    local links=() i name run
    for i in "${!variants[@]}"; do
        for name in "${parts[@]}"; do
            run="run_${name}_$i"
            # shellcheck disable=SC2086 # the flags of a variant are words
            compile ${variants[$i]} -mbulk-memory -fno-builtin "-DRUN=__attribute__((export_name(\"$run\")))" "-Drun=$run" \
                -c -o "$objects/$run.o" "$name.c"
            links+=("$objects/$run.o")
        done
    done
    compile -O2 -c -o "$objects/medium.o" medium_main.c
    link -o medium.wasm "$objects/medium.o" "${links[@]}"
    done_with medium.wasm
}

if [ $# -gt 0 ]; then
    for source; do kernel "$source"; done
else
    for source in *.c; do [ "$source" = medium_main.c ] || kernel "$source"; done
    medium
fi
