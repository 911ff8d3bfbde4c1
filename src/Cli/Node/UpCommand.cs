using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Chain.Cli.Cluster;
using Chain.Cli.RecordStore;
using Chain.Silo.Applications;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;

namespace Chain.Cli.Node;

/// <summary><c>chain up</c>: runs a node.</summary>
internal static class UpCommand
{
    /// <summary>Where applications' HTTP is served when nothing else is said.</summary>
    public const int DefaultPort = 8080;

    /// <summary>Where the API is served when nothing else is said.</summary>
    public const int DefaultApiPort = 7700;

    private const string Loopback = "127.0.0.1";

    public static Command Create()
    {
        var paths = new Argument<string[]>("APP-PATH")
        {
            Description = "Applications to deploy: manifests, or folders with a chain.yaml. What was deployed before starts again by itself.", Arity = ArgumentArity.ZeroOrMore,
        };
        var host = new Option<string>("--host") { Description = $"Where applications' HTTP is served; {Loopback} by default.", HelpName = "ADDR", DefaultValueFactory = _ => Loopback };
        Option<int> port = Port("--port", "Its port", DefaultPort);
        var apiHost = new Option<string>("--api-host") { Description = $"Where the API is served; {Loopback} by default.", HelpName = "ADDR", DefaultValueFactory = _ => Loopback };
        Option<int> apiPort = Port("--api-port", "Its port", DefaultApiPort);
        var name = new Option<string?>("--name") { Description = "What the record calls the node; the machine's name by default.", HelpName = "NAME" };
        var cluster = new ClusterArguments();
        var otlp = new Option<string?>("--otlp") { Description = "Where calls go as spans too: an OTLP endpoint, such as http://127.0.0.1:4317.", HelpName = "URL" };
        var detach = new Option<bool>("--detach") { Description = "Leave it running in the background, once it answers." };
        Option<bool> json = NodeCommand.Json();
        Command command = new Command("up", "Run a node: the store, the API, applications and their HTTP, until Ctrl-C or 'chain down'. Or several as a cluster.")
        {
            paths, host, port, apiHost, apiPort, name, otlp, detach, json,
        }.WithStore();
        cluster.AddTo(command);

        // Not asynchronous: the parser would end the process two seconds after a signal, while calls are under way.
        command.SetAction(parsed =>
        {
            ClusterOptions? silo = cluster.Read(parsed);
            string? called = parsed.GetValue(name) is { Length: > 0 } given ? given : null;
            var node = new NodeOptions
            {
                Folder = Path.GetFullPath(parsed.GetValue(StoreOptions.Data)!),
                Postgres = cluster.StoreOf(parsed) ?? Own(parsed),
                SharedPostgres = cluster.SharedPostgresOf(parsed),
                Address = Address("--host", parsed.GetValue(host)!),
                Port = Within("--port", parsed.GetValue(port)),
                Otlp = Endpoint(parsed.GetValue(otlp)),
                Cluster = silo,
            };
            if (called is not null) node = node with { Name = called };
            UpRequest request = cluster.Complete(parsed, new UpRequest(
                node, Address("--api-host", parsed.GetValue(apiHost)!), Within("--api-port", parsed.GetValue(apiPort)), parsed.GetValue(paths) ?? [], parsed.GetValue(json))
            {
                Name = called,
            });

            // Before a store is made for nothing.
            foreach (string path in request.Paths) ApplicationCheck.FindManifest(path);
            string folder = parsed.GetValue(StoreOptions.Data)!;
            Task<int> run = parsed.GetValue(detach) ? DetachedNode.RunAsync(folder, request)
                : request.Silos > 0 ? ForegroundCluster.RunAsync(folder, request) : ForegroundNode.RunAsync(folder, request);
            return run.GetAwaiter().GetResult();
        });
        return command;
    }

    /// <summary>The user's own store; <see langword="null"/> for a private one.</summary>
    public static string? Own(ParseResult parsed) =>
        (parsed.GetValue(StoreOptions.Postgres) ?? Environment.GetEnvironmentVariable(StoreOptions.Variable)) is { Length: > 0 } own ? own : null;

    /// <summary>An option for a port.</summary>
    public static Option<int> Port(string name, string what, int otherwise) =>
        new(name) { Description = $"{what}; {otherwise} by default, 0 for one that is free.", HelpName = "N", DefaultValueFactory = _ => otherwise };

    /// <exception cref="CommandException">It is no port.</exception>
    public static int Within(string option, int port) =>
        port is >= 0 and <= 65_535 ? port : throw new CommandException($"{option} {port}: expected 0 to 65535");

    private static Uri? Endpoint(string? text) =>
        text is null ? null
        : Uri.TryCreate(text, UriKind.Absolute, out Uri? url) && url.Scheme is "http" or "https" ? url
        : throw new CommandException($"--otlp {text}: expected a URL such as http://127.0.0.1:4317");

    private static IPAddress Address(string option, string text)
    {
        if (text.Equals("localhost", StringComparison.OrdinalIgnoreCase)) return IPAddress.Loopback;
        return IPAddress.TryParse(text.Trim('[', ']'), out IPAddress? address) && address.AddressFamily is AddressFamily.InterNetwork or AddressFamily.InterNetworkV6
            ? address!
            : throw new CommandException($"{option} {text}: expected an IP address of this machine, such as {Loopback}, 0.0.0.0 or [::]");
    }
}
