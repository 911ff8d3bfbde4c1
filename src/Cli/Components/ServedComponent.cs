using Chain.Cli.Wasm;
using Chain.Silo.Hosting.Http;
using Chain.Wasm;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;
using Chain.Wasm.Text;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Logging;
using Microsoft.Extensions.Logging;

namespace Chain.Cli.Components;

/// <summary>A component of a file, compiled and answering HTTP requests.</summary>
internal sealed class ServedComponent : IAsyncDisposable
{
    private const string Handler = "wasi:http/incoming-handler@0.2.";

    private readonly OutgoingHttp outgoing;
    private readonly ComponentHttpServer server;

    private ServedComponent(OutgoingHttp outgoing, ComponentHttpServer server)
    {
        this.outgoing = outgoing;
        this.server = server;
    }

    /// <summary>Where it listens.</summary>
    public string Url => server.Url;

    /// <exception cref="CommandException">The file is wrong, no HTTP service, cannot be linked or instantiated; or the address cannot be had.</exception>
    public static async Task<ServedComponent> StartAsync(string file, Grants grants, StoreLimits limits, HttpHostOptions options)
    {
        CompiledComponent compiled = ComponentFile.Compile(file, Engines.Create());
        CheckExports(file, compiled.Context.Type);
        var outgoing = new OutgoingHttp(grants.Http);
        try
        {
            // What a guest prints is no answer of the command.
            Stream output = Stream.Synchronized(Console.OpenStandardError());
            var wasi = new WasiOptions { Environment = grants.Environment, Preopens = grants.Directories, Output = output, Error = output };
            var guest = new HttpGuestGrants(wasi, outgoing, limits, static store => store.Add(new LoggingState(Write)));
            PreparedComponent prepared = new ComponentLinker(compiled.Engine)
                .Add(WasiInterfaces.Command).Add(HttpInterfaces.All).Add(LoggingInterfaces.All).Prepare(compiled);

            // A component that cannot start is told of now, not at the first request.
            GuestThread.Run(limits, () =>
            {
                ComponentHttpGuest.Create(prepared, guest, CancellationToken.None).Dispose();
                return 0;
            });
            return new ServedComponent(
                outgoing, await ComponentHttpServer.StartAsync(cancellation => ComponentHttpGuest.Create(prepared, guest, cancellation), options, Log));
        }
        catch (Exception failure) when (failure is WasmException or IOException)
        {
            outgoing.Dispose();
            throw new CommandException(failure.Message);
        }
    }

    /// <inheritdoc cref="ComponentHttpServer.StopAsync"/>
    public Task StopAsync() => server.StopAsync();

    public async ValueTask DisposeAsync()
    {
        await server.DisposeAsync();
        outgoing.Dispose();
    }

    private static void CheckExports(string file, ComponentType type)
    {
        if (type.Exports.Any(export => export.Name.StartsWith(Handler, StringComparison.Ordinal))) return;
        string[] names = [.. type.Exports.Select(export => TextLiteral.OneLine(export.Name))];
        throw new CommandException(
            $"{file} is no HTTP service: it exports {(names.Length == 0 ? "nothing" : string.Join(", ", names.Take(5)))}, not {Handler}x");
    }

    private static void Log(ILoggingBuilder logging) => logging
        .SetMinimumLevel(Microsoft.Extensions.Logging.LogLevel.Warning)
        .AddSimpleConsole(console => console.SingleLine = true)
        .AddConsole(console => console.LogToStandardErrorThreshold = Microsoft.Extensions.Logging.LogLevel.Trace);

    private static void Write(GuestLogEntry entry) =>
        Console.Error.WriteLine($"{entry.Level.ToString().ToLowerInvariant()}: {TextLiteral.OneLine(entry.Context)}: {TextLiteral.OneLine(entry.Message)}");
}
