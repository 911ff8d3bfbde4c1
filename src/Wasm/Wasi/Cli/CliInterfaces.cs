using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Io;

namespace Chain.Wasm.Wasi.Cli;

/// <summary>The resource <c>terminal-input</c>.</summary>
public sealed class TerminalInput;

/// <summary>The resource <c>terminal-output</c>.</summary>
public sealed class TerminalOutput;

/// <summary>The interfaces of <c>wasi:cli</c> that a command imports.</summary>
public static class CliInterfaces
{
    public static HostInterface Environment { get; } = new HostInterface("wasi:cli/environment@" + WasiInterfaces.Version)
        .Function(
            "get-environment",
            static (ComponentStore store) => store.Get<WasiState>().Options.Environment.Select(static pair => (pair.Key, pair.Value)).ToArray())
        .Function("get-arguments", static (ComponentStore store) => store.Get<WasiState>().Options.Arguments.ToArray())
        .Function("initial-cwd", static (ComponentStore store) => store.Get<WasiState>().Options.InitialDirectory);

    public static HostInterface Exit { get; } = new HostInterface("wasi:cli/exit@" + WasiInterfaces.Version)
        .Function("exit", static void (Result<Unit, Unit> status) => throw new GuestExitException(status.IsError ? 1 : 0))
        .Function("exit-with-code", static void (byte code) => throw new GuestExitException(code));

    public static HostInterface Stdin { get; } = new HostInterface("wasi:cli/stdin@" + WasiInterfaces.Version)
        .Function("get-stdin", static (ComponentStore store) => store.Get<WasiState>().Stdin);

    public static HostInterface Stdout { get; } = new HostInterface("wasi:cli/stdout@" + WasiInterfaces.Version)
        .Function("get-stdout", static (ComponentStore store) => store.Get<WasiState>().Stdout);

    public static HostInterface Stderr { get; } = new HostInterface("wasi:cli/stderr@" + WasiInterfaces.Version)
        .Function("get-stderr", static (ComponentStore store) => store.Get<WasiState>().Stderr);

    public static HostInterface TerminalInput { get; } = new HostInterface("wasi:cli/terminal-input@" + WasiInterfaces.Version)
        .Resource<TerminalInput>("terminal-input");

    public static HostInterface TerminalOutput { get; } = new HostInterface("wasi:cli/terminal-output@" + WasiInterfaces.Version)
        .Resource<TerminalOutput>("terminal-output");

    public static HostInterface TerminalStdin { get; } = new HostInterface("wasi:cli/terminal-stdin@" + WasiInterfaces.Version)
        .Function("get-terminal-stdin", static (ComponentStore store) => store.Get<WasiState>().Options.IsInputTerminal ? new TerminalInput() : null);

    public static HostInterface TerminalStdout { get; } = new HostInterface("wasi:cli/terminal-stdout@" + WasiInterfaces.Version)
        .Function("get-terminal-stdout", static (ComponentStore store) => store.Get<WasiState>().Options.IsOutputTerminal ? new TerminalOutput() : null);

    public static HostInterface TerminalStderr { get; } = new HostInterface("wasi:cli/terminal-stderr@" + WasiInterfaces.Version)
        .Function("get-terminal-stderr", static (ComponentStore store) => store.Get<WasiState>().Options.IsErrorTerminal ? new TerminalOutput() : null);
}
