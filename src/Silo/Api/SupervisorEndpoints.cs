using Microsoft.AspNetCore.Builder;
using Microsoft.AspNetCore.Http;
using Microsoft.AspNetCore.Http.HttpResults;
using Microsoft.AspNetCore.Routing;

namespace Chain.Silo.Api;

/// <summary>A silo as the process sees it that runs it.</summary>
/// <param name="Name">The silo's name.</param>
/// <param name="State"><c>starting</c>, <c>running</c>, <c>draining</c>, <c>drained</c>, <c>waiting</c> (it died and starts again soon) or <c>ended</c>.</param>
/// <param name="Restarts">How often it died and was started again.</param>
/// <param name="Log">The file with what it printed.</param>
/// <param name="Pid">Its process; absent where there is none.</param>
/// <param name="Url">Its API, without <c>/api/v1</c>; absent until it answers.</param>
/// <param name="Http">Where it serves applications' HTTP; absent until it answers.</param>
/// <param name="Last">How it ended the last time; absent where it did not.</param>
public sealed record SiloProcess(
    string Name, string State, int Restarts, string Log, int? Pid = null, string? Url = null, string? Http = null, string? Last = null);

/// <summary>The process that runs several silos.</summary>
/// <param name="Pid">It.</param>
/// <param name="Version">Of Chain.</param>
/// <param name="Started">When.</param>
/// <param name="Silos">What it runs.</param>
public sealed record SupervisorState(int Pid, string Version, DateTimeOffset Started, IReadOnlyList<SiloProcess> Silos);

/// <summary>Runs several silos, each in a process of its own. Safe for any thread.</summary>
public interface ISupervisor
{
    SupervisorState State { get; }

    /// <summary>Drains a silo, ends its process, starts it again, and waits until it is active. One at a time; who comes meanwhile waits.</summary>
    /// <param name="silo">Its name.</param>
    /// <exception cref="KeyNotFoundException">It runs no such silo; the message has near names.</exception>
    /// <exception cref="Hosting.ClusterException">It did not come back.</exception>
    Task<SiloProcess> RestartAsync(string silo);

    /// <summary>Asks it to end all silos and itself.</summary>
    void Shutdown();
}

/// <summary>The API of the process that runs several silos.</summary>
internal static class SupervisorEndpoints
{
    public static void Map(RouteGroupBuilder routes, ISupervisor supervisor)
    {
        routes.MapGet("/status", () => supervisor.State)
            .WithName("status").WithTags("supervisor").WithSummary("The processes of the silos.");
        // Whoever asked may go: half a restart is worse than one that nobody sees end.
        routes.MapPost("/silos/{silo}/restart", (string silo) => supervisor.RestartAsync(silo))
            .WithName("restart").WithTags("supervisor").WithSummary("Drains a silo, ends its process and starts it again; answers when it is active.")
            .ProducesProblem(StatusCodes.Status404NotFound).ProducesProblem(StatusCodes.Status503ServiceUnavailable);
        routes.MapPost("/shutdown", Accepted () =>
        {
            supervisor.Shutdown();
            return TypedResults.Accepted((string?)null);
        }).WithName("shutdown").WithTags("supervisor").WithSummary("Ends all silos: calls under way finish first.");
    }
}
