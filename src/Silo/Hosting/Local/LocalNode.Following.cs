using Chain.PolicyEngine.Alerts;
using Chain.PolicyEngine.Policies;
using Chain.PolicyEngine.Storage;
using Chain.Silo.Applications;
using Chain.Silo.Applications.Storage;
using Chain.Wasm;
using Microsoft.Extensions.Logging;

namespace Chain.Silo.Hosting.Local;

/// <content>What a node does because other nodes of its store do something.</content>
public sealed partial class LocalNode
{
    internal ILogger Log => log;

    /// <summary>Versions beside those that answer.</summary>
    internal HeldVersions Held => held;

    /// <summary>Exactly one version of an application, for a call of another silo: the one that answers, or else loaded from the store.</summary>
    /// <param name="application">The application's name.</param>
    /// <param name="version">Its number in the store.</param>
    /// <param name="cancellation">Gives up.</param>
    /// <returns>Let go of it (<see cref="DeployedApplication.Leave"/>) when the call is over.</returns>
    /// <exception cref="Tracer.Storage.StoreException">The store has no such version, or it is another than it was.</exception>
    /// <exception cref="WasmException">A component cannot be linked.</exception>
    internal Task<DeployedApplication> HoldAsync(string application, int version, CancellationToken cancellation)
    {
        DeployedApplication? current;
        lock (gate) current = applications.GetValueOrDefault(application);
        return current?.Version == version && current.TryEnter() ? current.Held : held.HoldAsync(application, version, cancellation);
    }

    /// <summary>Compiles an application's components, so that deploying it takes a moment.</summary>
    /// <exception cref="WasmException">One cannot be compiled.</exception>
    internal Task CompileAsync(ApplicationPlan plan, CancellationToken cancellation) => Task.Run(
        () =>
        {
            foreach (ComponentPlan component in plan.Components.Values)
            {
                cancellation.ThrowIfCancellationRequested();
                services.Compile(component);
            }
        },
        cancellation);

    /// <summary>
    /// Makes a version that is active in the store the one that answers here, under the policies that are active there. Nothing in the store changes.
    /// </summary>
    /// <exception cref="WasmException">A component cannot be linked.</exception>
    /// <exception cref="PolicySetException">The active policies do not check here, or the application's alerts.</exception>
    internal async Task TakeOverAsync(ApplicationPlan plan, int version, CancellationToken cancellation)
    {
        await deploying.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            AlertOptions? alerting = plan.Alerts is null ? null : AlertConfiguration.Read(plan.Alerts, http, TextWriter.Null);
            // Before the version answers: a policy may have come with it.
            await policies.ChangeAsync(() => new PolicyHistory(Database).ActiveAsync(labels, cancellation), cancellation).ConfigureAwait(false);
            Swap(plan.Name, await MakeAsync(plan, version, cancellation).ConfigureAwait(false));
            if (alerting is not null) await UseAlertsAsync(alerting).ConfigureAwait(false);
        }
        finally
        {
            deploying.Release();
        }
    }

    /// <summary>Ends an application that is active in the store no more. Nothing in the store changes.</summary>
    internal async Task EndAsync(string application, CancellationToken cancellation)
    {
        await deploying.WaitAsync(cancellation).ConfigureAwait(false);
        try
        {
            Swap(application, null);
        }
        finally
        {
            deploying.Release();
        }
    }

    private async Task<DeployedApplication> LoadAsync(string application, int version) => await MakeAsync(
        await new ApplicationStore(Database).LoadAsync(application, version, stop.Token).ConfigureAwait(false), version, stop.Token).ConfigureAwait(false);

    private Task<DeployedApplication> MakeAsync(ApplicationPlan plan, int version, CancellationToken cancellation)
    {
        ApplicationLog written = logs.GetOrAdd(plan.Name, static (name, keeper) => new ApplicationLog(name, keeper), lines);
        return Task.Run(() => new DeployedApplication(plan, version, written, services), cancellation);
    }
}
