using System.Net.Sockets;
using Chain.Silo.Api;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting;
using Chain.Tracer.Storage;
using Npgsql;

namespace Chain.Cli.Node;

/// <summary>Why a node, or several silos, cannot start, as the command says it.</summary>
internal static class StartFailure
{
    /// <summary>What the command ends with; <see langword="null"/> where it is none of what may happen.</summary>
    /// <param name="failure">What was thrown.</param>
    /// <param name="folder">The folder as it was written.</param>
    /// <param name="request">What was to start.</param>
    public static CommandException? Of(Exception failure, string folder, UpRequest request) => failure switch
    {
        NodeRunsException => new CommandException(failure.Message.Replace(request.Node.Folder, folder, StringComparison.Ordinal) + NodeClient.DataOption(folder)),
        ListenException taken => new CommandException(
            taken.Message + (taken.InnerException is SocketException ? "" : $"; choose another with {(taken.IsApi ? "--api-port" : "--port")}"), ExitCode.Unavailable),
        StoreException or ClusterException or DeploymentBusyException => new CommandException(failure.Message, ExitCode.Unavailable),
        ArgumentException when request.Node.Postgres is not null => new CommandException($"{request.StoreOption}: {failure.Message}"),
        NpgsqlException or TimeoutException when request.Node.Postgres is not null =>
            new CommandException($"the store cannot be opened: {failure.Message}", ExitCode.Unavailable),
        _ => null,
    };
}
