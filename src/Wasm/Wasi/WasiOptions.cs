using System.Security.Cryptography;
using Chain.Wasm.Wasi.Filesystem;

namespace Chain.Wasm.Wasi;

/// <summary>Fills memory with random bytes; from any thread.</summary>
public delegate void RandomFill(Span<byte> destination);

/// <summary>
/// What a guest is granted through WASI, by whoever makes its store: <c>store.Add(new WasiState(options))</c>. Nothing by default but clocks and
/// randomness. Immutable; one may serve many stores.
/// </summary>
public sealed record WasiOptions
{
    /// <summary>The program's arguments, its name first. Default none.</summary>
    public IReadOnlyList<string> Arguments { get; init; } = [];

    /// <summary>Environment variables, in the order in which the guest sees them. Default none.</summary>
    public IReadOnlyList<KeyValuePair<string, string>> Environment { get; init; } = [];

    /// <summary>What the guest is told of its working directory, a guest's path. Default nothing.</summary>
    public string? InitialDirectory { get; init; }

    /// <summary>Standard input; read only when the guest reads, and never closed. Default at its end.</summary>
    public Stream? Input { get; init; }

    /// <summary>Standard output; written on the guest's thread, and never closed. Default thrown away.</summary>
    public Stream? Output { get; init; }

    /// <summary>Standard error; as <see cref="Output"/>.</summary>
    public Stream? Error { get; init; }

    /// <summary>Whether standard input is a terminal. Default no.</summary>
    public bool IsInputTerminal { get; init; }

    /// <summary>Whether standard output is a terminal. Default no.</summary>
    public bool IsOutputTerminal { get; init; }

    /// <summary>Whether standard error is a terminal. Default no.</summary>
    public bool IsErrorTerminal { get; init; }

    /// <summary>The directories of the host that the guest sees. Default none.</summary>
    public IReadOnlyList<Preopen> Preopens { get; init; } = [];

    /// <summary>The clocks. Default the system's.</summary>
    public TimeProvider Time { get; init; } = TimeProvider.System;

    /// <summary>What <c>wasi:clocks/timezone</c> shows. Default UTC.</summary>
    public TimeZoneInfo TimeZone { get; init; } = TimeZoneInfo.Utc;

    /// <summary>Where secure random bytes, and seeds, come from. Default the system's generator.</summary>
    public RandomFill FillRandom { get; init; } = RandomNumberGenerator.Fill;

    /// <summary>The seed of <c>wasi:random/insecure</c>, to have the same numbers in each store. Default another each time.</summary>
    public int? InsecureSeed { get; init; }

    /// <summary>The most random bytes that a guest may ask for at once; it traps beyond. Default 1 MiB.</summary>
    public int MaxRandomBytes { get; init; } = 1 << 20;

    /// <summary>
    /// The files, directories and listings of directories that the guest may have open; beyond, opening answers <c>quota</c>. Default 1,000.
    /// </summary>
    public int MaxOpenFiles { get; init; } = 1000;
}
