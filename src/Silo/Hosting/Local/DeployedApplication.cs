using Chain.PolicyEngine.Decisions;
using Chain.Silo.Applications;
using Chain.Silo.Calls;
using Chain.Silo.Calls.Remote;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;
using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Components.Types;

namespace Chain.Silo.Hosting.Local;

/// <summary>One version of an application on this node. Calls that began with it end with it; it is disposed of when the last has. Safe for any thread.</summary>
internal sealed class DeployedApplication : IDisposable
{
    private readonly Dictionary<string, DeployedComponent> components = [];
    private readonly Dictionary<string, CallParty> parties = new(StringComparer.Ordinal);
    private int users = 1;

    /// <summary>Links all components.</summary>
    /// <exception cref="ComponentLinkException">An import is unmet.</exception>
    public DeployedApplication(ApplicationPlan plan, int version, ApplicationLog log, NodeServices services)
    {
        Plan = plan;
        Version = version;
        Log = log;
        Held = Task.FromResult(this);
        foreach (ComponentPlan component in plan.Components.Values) parties[component.Party.Name] = component.Party;
        foreach (SinkRule rule in plan.Sinks) parties.TryAdd(rule.Party.Name, rule.Party);
        try
        {
            foreach (ComponentPlan component in plan.Components.Values)
                components.Add(component.Name, new DeployedComponent(this, component, services.Compile(component), services));
            foreach (DeployedComponent component in components.Values) component.Connect(services);
        }
        catch
        {
            Dispose();
            throw;
        }
    }

    public ApplicationPlan Plan { get; }

    public int Version { get; }

    public ApplicationLog Log { get; }

    /// <summary>It, for those who wait for a version until it is there.</summary>
    public Task<DeployedApplication> Held { get; }

    public IReadOnlyDictionary<string, DeployedComponent> Components => components;

    /// <summary>Whether anybody has it beside the one that keeps it.</summary>
    public bool IsInUse => Volatile.Read(ref users) > 1;

    /// <summary>Holds it for a call.</summary>
    /// <returns>False when it is gone already: another version has taken its place.</returns>
    public bool TryEnter()
    {
        int now = Volatile.Read(ref users);
        while (now > 0)
        {
            int seen = Interlocked.CompareExchange(ref users, now + 1, now);
            if (seen == now) return true;
            now = seen;
        }

        return false;
    }

    /// <summary>Lets go of it: after a call, or when another version takes its place.</summary>
    public void Leave()
    {
        if (Interlocked.Decrement(ref users) == 0) Dispose();
    }

    public CallRoute RouteOf(
        CallParty caller, DeployedComponent target, string export, string function, FuncType type, FunctionRef name, NodeServices services)
    {
        LabelStore labels = services.Pipeline.Labels;
        bool Means(RuleFunction? rule) => rule is not null && rule.Component == target.Plan.Name && rule.Export == export && rule.Name == function;
        return new CallRoute(
            new CallLink(caller, target.Plan.Party, name),
            services.Names.Intern(new CallSite(caller.Component, target.Plan.Party.Component, name)),
            type,
            new LabelRule(
                labels, [.. Plan.Sources.Where(rule => rule.Place == SourcePlace.Argument && Means(rule.Function))],
                [.. type.Parameters.Select(static parameter => parameter.Label)]),
            new LabelRule(labels, [.. Plan.Sources.Where(rule => rule.Place == SourcePlace.Result && Means(rule.Function))]))
        {
            Drops = [.. Plan.Declassifiers.Where(rule => Means(rule.Function)).SelectMany(static rule => rule.Drops)],
            Adds = [.. Plan.Endorsers.Where(rule => Means(rule.Function)).SelectMany(static rule => rule.Adds)],
            Target = target.Target,
            Remote = RemoteRouteTo(target.Plan, export, function, services),
            KeyParameter = target.Plan.Key is { } key ? IndexOf(type, key) : -1,
            Parties = PartyOf,
            ExportedInterface = export.Length == 0 ? null : export,
            ExportedFunction = function,
        };
    }

    /// <summary>A component or a sink by its whole name.</summary>
    public CallParty? PartyOf(string name) => parties.GetValueOrDefault(name);

    private RemoteRoute? RemoteRouteTo(ComponentPlan target, string export, string function, NodeServices services)
    {
        if (services.Remote is not { } caller) return null;
        bool isStateful = target.Instances == InstanceMode.Stateful;
        return new RemoteRoute(
            caller, Plan.Name, Version, target.Name, isStateful, target.Idempotent.Covers(export, function), !isStateful && services.MayRun(target));
    }

    private static int IndexOf(FuncType type, string parameter)
    {
        for (int i = 0; i < type.Parameters.Count; i++)
        {
            if (type.Parameters[i].Label == parameter) return i;
        }

        return -1;
    }

    public void Dispose()
    {
        foreach (DeployedComponent component in components.Values) component.Dispose();
    }
}
