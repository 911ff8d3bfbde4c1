using Chain.Wasm.Execution;
using Chain.Wasm.Execution.Managed;

namespace Chain.Cli.Wasm;

/// <summary>The engines that the commands can run modules with.</summary>
internal static class Engines
{
    public static Engine Create(EngineOptions? options = null) => new ManagedEngine(options);
}
