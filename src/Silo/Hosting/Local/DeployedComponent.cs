using System.Collections.Concurrent;
using Chain.PolicyEngine.Decisions;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Tracer.Calls;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;
using Chain.Wasm.Wasi;
using Chain.Wasm.Wasi.Config;
using Chain.Wasm.Wasi.Filesystem;
using Chain.Wasm.Wasi.Http;
using Chain.Wasm.Wasi.Keyvalue;
using Chain.Wasm.Wasi.Logging;

namespace Chain.Silo.Hosting.Local;

/// <summary>A component of a deployed application on this node: linked, with its instances. Safe for any thread.</summary>
internal sealed class DeployedComponent : IDisposable
{
    private readonly ConcurrentDictionary<(string? Interface, string Function), CallRoute> entries = new();
    private readonly ConcurrentDictionary<(string Caller, string? Interface, string Function), CallRoute> remoteEntries = new();
    private readonly DeployedApplication application;
    private readonly OutgoingHttp? http;

    /// <param name="application">Its application.</param>
    /// <param name="plan">What it is.</param>
    /// <param name="compiled">Its code.</param>
    /// <param name="services">What the node has for it.</param>
    /// <exception cref="ComponentLinkException">An import is unmet.</exception>
    public DeployedComponent(DeployedApplication application, ComponentPlan plan, CompiledComponent compiled, NodeServices services)
    {
        this.application = application;
        Plan = plan;
        Compiled = compiled;
        var linker = new ComponentLinker(compiled.Engine).Add(WasiInterfaces.Command).Add(ConfigInterfaces.All);
        if (plan.Grants.Http is { } hosts)
        {
            http = new OutgoingHttp(HttpGrants.Parse(hosts));
            linker.Add(HttpInterfaces.All);
        }
        else
        {
            // A component may speak of requests without making any.
            linker.Add(HttpInterfaces.Types);
        }

        if (plan.Grants.KeyValue is not null) linker.Add(KeyValueInterfaces.All);
        if (plan.Grants.Logging) linker.Add(LoggingInterfaces.All);
        foreach (string import in plan.TypeImports) linker.AddRoute(import);
        foreach (ApplicationLink link in application.Plan.Links)
        {
            if (link.From == plan.Name) linker.AddRoute(link.Import);
        }

        Prepared = linker.Prepare(compiled);
        Maker = new GuestMaker(Prepared, Grants(services), services.Pipeline);
        Target = plan.Instances == InstanceMode.Stateful
            ? new StatefulInstances(plan.Party.Name, Maker, services.Pipeline.Labels)
            : new GuestPool(Maker, plan.Instances, plan.Replicas);
    }

    public ComponentPlan Plan { get; }

    public CompiledComponent Compiled { get; }

    public PreparedComponent Prepared { get; }

    public GuestMaker Maker { get; }

    /// <summary>Where its instances are had.</summary>
    public IInstances Target { get; }

    /// <summary>Ties its imports to the components and sinks that they lead to; once all components of the application are there.</summary>
    public void Connect(NodeServices services)
    {
        foreach ((string import, ComponentItem item) in Prepared.Imports)
        {
            ApplicationLink? link = application.Plan.Links.FirstOrDefault(one => one.From == Plan.Name && one.Import == import);
            if (link is not null) Connect(link, item, services);
            else if (item is InstanceItem host) Connect(import, host, services);
        }
    }

    /// <summary>The route of a call from outside.</summary>
    /// <param name="interfaceName">The interface as the component exports it; <see langword="null"/> for a function of its own.</param>
    /// <param name="function">The function.</param>
    /// <param name="services">What the node has.</param>
    /// <exception cref="KeyNotFoundException">There is no such function.</exception>
    public CallRoute EntryOf(string? interfaceName, string function, NodeServices services) =>
        entries.TryGetValue((interfaceName, function), out CallRoute? known)
            ? known
            : entries.GetOrAdd((interfaceName, function), RouteOf(CallParty.Outside, interfaceName, function, services));

    /// <summary>The route of a call that another silo sent.</summary>
    /// <param name="caller">The calling component of the same application; empty for a call from outside.</param>
    /// <param name="interfaceName">The interface as the component exports it; <see langword="null"/> for a function of its own.</param>
    /// <param name="function">The function.</param>
    /// <param name="services">What the node has.</param>
    /// <exception cref="KeyNotFoundException">There is no such caller or function.</exception>
    public CallRoute RemoteEntryOf(string caller, string? interfaceName, string function, NodeServices services)
    {
        if (caller.Length == 0) return EntryOf(interfaceName, function, services);
        if (remoteEntries.TryGetValue((caller, interfaceName, function), out CallRoute? known)) return known;
        CallParty party = application.Components.GetValueOrDefault(caller)?.Plan.Party
            ?? throw new KeyNotFoundException($"{application.Plan.Name} has no component '{caller}'");
        return remoteEntries.GetOrAdd((caller, interfaceName, function), RouteOf(party, interfaceName, function, services));
    }

    /// <summary>The route of HTTP requests.</summary>
    /// <param name="export">The name of its <c>wasi:http/incoming-handler</c>.</param>
    /// <param name="services">What the node has.</param>
    public CallRoute HttpEntryOf(string export, NodeServices services) => entries.GetOrAdd((export, "handle"), _ =>
    {
        SourceRule[] rules = [.. application.Plan.Sources.Where(rule => rule.Place == SourcePlace.Request && rule.Component == Plan.Name)];
        var requests = new LabelRule(services.Pipeline.Labels, rules);
        FunctionRef name = RuleFunction.NameOf(export, "handle");
        var link = new CallLink(CallParty.Outside, Plan.Party, name);
        CallSiteId site = services.Names.Intern(new CallSite(ComponentRef.Outside, Plan.Party.Component, name));
        return new CallRoute(link, site, null, requests, LabelRule.None) { Target = Target, ExportedInterface = export, ExportedFunction = "handle" };
    });

    /// <summary>The type of a function that it exports.</summary>
    /// <exception cref="KeyNotFoundException">It exports no such function.</exception>
    public FuncType FunctionType(string? interfaceName, string function)
    {
        IEnumerable<NamedExtern> exports = Compiled.Context.Type.Exports;
        if (interfaceName is not null)
            exports = (exports.FirstOrDefault(export => export.Name == interfaceName)?.Type as InstanceExtern)?.Instance.Exports ?? [];
        return (exports.FirstOrDefault(export => export.Name == function)?.Type as FuncExtern)?.Func ?? throw new KeyNotFoundException(
            $"{Plan.Party.Name} exports no function \"{(interfaceName is null ? "" : interfaceName + "#")}{function}\"");
    }

    public void Dispose()
    {
        Target.Dispose();
        http?.Dispose();
    }

    private CallRoute RouteOf(CallParty caller, string? interfaceName, string function, NodeServices services) => application.RouteOf(
        caller, this, interfaceName ?? "", function, FunctionType(interfaceName, function), RuleFunction.NameOf(interfaceName ?? "", function), services);

    private void Connect(ApplicationLink link, ComponentItem item, NodeServices services)
    {
        DeployedComponent target = application.Components[link.To];
        if (item is ComponentFunction loose)
        {
            loose.Tag = application.RouteOf(Plan.Party, target, "", link.Export, loose.Type, link.NameOf(""), services);
            return;
        }

        foreach ((string name, ComponentItem export) in ((InstanceItem)item).Exports)
        {
            if (export is ComponentFunction function)
                function.Tag = application.RouteOf(Plan.Party, target, link.Export, name, function.Type, link.NameOf(name), services);
        }
    }

    private void Connect(string import, InstanceItem host, NodeServices services)
    {
        if (import.StartsWith("wasi:http/outgoing-handler@", StringComparison.Ordinal) && host.Find("handle") is ComponentFunction handle)
        {
            SourceRule[] responses = [.. application.Plan.Sources.Where(rule => rule.Place == SourcePlace.Response && rule.Component == Plan.Name)];
            handle.Tag = new HttpSinks(Plan, application.Plan.Sinks, services.Names, new LabelRule(services.Pipeline.Labels, responses), services.Propagator);
        }

        if (import.StartsWith("wasi:http/types@", StringComparison.Ordinal) && host.Find("[static]response-outparam.set") is ComponentFunction set)
            set.Tag = ResponseGate.Instance;
    }

    private GuestGrants Grants(NodeServices services)
    {
        ComponentGrants grants = Plan.Grants;
        Preopen[] preopens = [.. grants.Directories.Select(static one => one.CanWrite
            ? new Preopen(one.Host, one.Guest, DirectoryPermissions.Read | DirectoryPermissions.Mutate, FilePermissions.Read | FilePermissions.Write)
            : new Preopen(one.Host, one.Guest))];
        var limits = new StoreLimits { MemoryBytes = Plan.Limits.MemoryBytes, StackBytes = Plan.Limits.StackBytes, Fuel = Plan.Limits.Fuel };
        var config = new ConfigState(grants.Config.ToDictionary());
        var buckets = new LabelledBuckets(Plan, application.Plan.Sinks, services.State, services.Names);
        ApplicationLog log = application.Log;
        return new GuestGrants(
            guest => new WasiOptions
            {
                Arguments = grants.Arguments,
                Environment = grants.Environment,
                Preopens = preopens,
                Output = new LogStream(log, guest, Plan.Name, "stdout"),
                Error = new LogStream(log, guest, Plan.Name, "stderr"),
            },
            limits,
            (store, guest) =>
            {
                store.Add(new HttpState(http));
                store.Add(config);
                store.Add(new KeyValueState(buckets.For(guest)));
                store.Add(new LoggingState(entry => log.Add(
                    Plan.Name, entry.Level.ToString().ToLowerInvariant(), entry.Context.Length == 0 ? entry.Message : $"{entry.Context}: {entry.Message}", guest.TraceText)));
            });
    }
}
