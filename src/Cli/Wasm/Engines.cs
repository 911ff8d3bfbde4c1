using Chain.Wasm.Execution;

namespace Chain.Cli.Wasm;

/// <summary>The engines that the commands can run modules with.</summary>
internal static class Engines
{
    public static Engine Create(EngineOptions? options = null) => throw new CommandException("no engine in this build", ExitCode.Unavailable);
}
