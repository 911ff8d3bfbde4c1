using Chain.Cli.Components;
using Chain.Cli.Wasm;
using Chain.Silo.Hosting.Http;
using Chain.Tests;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Config;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Keyvalue;
using Chain.Wasm.Wasi.Logging;

namespace Chain.Cli.Tests.Examples;

/// <summary>The components of <c>examples/clinic</c>, compiled.</summary>
internal sealed class Clinic
{
    public static readonly string Folder = Path.Combine(Places.Repository, "examples", "clinic");

    /// <summary>Their names, those that others import first.</summary>
    public static readonly string[] Names = ["records", "anonymizer", "analytics", "printer", "mailer", "registry", "letters", "gateway"];

    private readonly Engine engine = Engines.Create();
    private readonly CompiledComponent[] components;

    public Clinic() => components = [.. Names.Select(name => ComponentFile.Compile(PathOf(name), engine))];

    public static string PathOf(string name) => Path.Combine(Folder, "components", name + ".wasm");

    /// <summary>An instance of each in one store, linked with one another: no tags, no policies, and nothing is ever reset.</summary>
    /// <param name="http">The mailer's client.</param>
    /// <param name="relay">The relay, as HOST:PORT.</param>
    public IHttpGuest Unguarded(OutgoingHttp http, string relay)
    {
        var store = new ComponentStore(engine);
        store.Add(new WasiState(new WasiOptions()));
        store.Add(new HttpState(http));
        store.Add(new KeyValueState(new MemoryKeyValueStore(["records", "templates"])));
        store.Add(new ConfigState(new Dictionary<string, string> { ["relay"] = relay }));
        store.Add(new LoggingState(static _ => { }));
        // clinic:base/types has types only, which nobody needs to offer.
        ComponentLinker linker = new ComponentLinker(engine).AddRoute("clinic:base/types")
            .Add(WasiInterfaces.Command).Add(HttpInterfaces.All).Add(KeyValueInterfaces.All).Add(ConfigInterfaces.All).Add(LoggingInterfaces.All);
        ComponentInstance last = null!;
        foreach (CompiledComponent component in components)
        {
            last = linker.Prepare(component).Instantiate(store);
            linker.Add(last);
        }

        return new Guest(store, last.GetFunction(HttpInterfaces.IncomingHandler, "handle").CreateDelegate<Action<IncomingRequest, ResponseOutparam>>());
    }

    private sealed class Guest(ComponentStore store, Action<IncomingRequest, ResponseOutparam> handle) : IHttpGuest
    {
        public void Handle(IncomingRequest request, ResponseOutparam response, CancellationToken cancellation)
        {
            store.SetDeadline(Timeout.InfiniteTimeSpan, cancellation);
            handle(request, response);
        }

        public void Reset()
        {
        }

        public void Dispose() => store.Dispose();
    }
}
