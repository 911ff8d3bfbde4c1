using System.Text.Json;
using Chain.Wasm;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Execution;

namespace Chain.Cli.Wasm;

/// <summary>How a call ended, as JSON; <c>docs/wasm.md</c> says its shape.</summary>
internal static class CallJson
{
    private static readonly JsonSerializerOptions Shape = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    public static void WriteResults(IReadOnlyList<CallResult> results) => Console.Out.WriteLine(JsonSerializer.Serialize(
        new { Results = results.Select(value => new { Type = value.Kind.ToString().ToLowerInvariant(), Value = value.Text }) }, Shape));

    public static void WriteFailure(WasmException failure, IReadOnlyList<string> backtrace) => Console.Out.WriteLine(JsonSerializer.Serialize(
        new
        {
            Error = failure switch
            {
                WasmTrapException or ComponentTrapException => "trap",
                WasmGuestException => "exception",
                _ => "limit",
            },
            Trap = (failure as WasmTrapException)?.Kind.ToString(),
            failure.Message,
            Backtrace = backtrace,
        },
        Shape));
}
