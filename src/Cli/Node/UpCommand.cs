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

    /// <summary>The most silos that one process runs.</summary>
    private const int MostSilos = 64;

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
        var silos = new Option<int?>("--silos")
        {
            Description = "Run a cluster: this many silos, each in a process of its own, on one store. Ports are those of the first; the others have the next ones.",
            HelpName = "N",
        };
        var join = new Option<string?>("--join")
        {
            Description = $"Run one silo of the cluster of a store: a connection string, or ${StoreOptions.Variable} without one.", HelpName = "POSTGRES", Arity = ArgumentArity.ZeroOrOne,
        };
        var label = new Option<string[]>("--label")
        {
            Description = "What kind of place it is, such as region=eu; with --silos also of one silo: 2:region=eu. May be repeated.", HelpName = "KEY=VALUE",
        };
        var siloHost = new Option<string>("--silo-host")
        {
            Description = $"Where other silos reach this one: an address of this machine, or a name of it; {Loopback} by default.", HelpName = "ADDR", DefaultValueFactory = _ => Loopback,
        };
        Option<int> siloPort = Port("--silo-port", "Its port for other silos", 0);
        Option<int> gatewayPort = Port("--gateway-port", "Its port for clients of the cluster", 0);
        var supervised = new Option<bool>("--supervised") { Hidden = true };
        var sharedPostgres = new Option<string?>("--shared-postgres") { Hidden = true };
        var otlp = new Option<string?>("--otlp") { Description = "Where calls go as spans too: an OTLP endpoint, such as http://127.0.0.1:4317.", HelpName = "URL" };
        var detach = new Option<bool>("--detach") { Description = "Leave it running in the background, once it answers." };
        Option<bool> json = NodeCommand.Json();
        Command command = new Command("up", "Run a node: the store, the API, applications and their HTTP, until Ctrl-C or 'chain down'. Or several as a cluster.")
        {
            paths, host, port, apiHost, apiPort, name, silos, join, label, siloHost, siloPort, gatewayPort, otlp, detach, json, supervised, sharedPostgres,
        }.WithStore();

        // Not asynchronous: the parser would end the process two seconds after a signal, while calls are under way.
        command.SetAction(parsed =>
        {
            bool isJoining = parsed.GetResult(join) is not null, isSilo = parsed.GetValue(supervised);
            int count = parsed.GetValue(silos) ?? 0;
            if (parsed.GetValue(silos) is < 1 or > MostSilos) throw new CommandException($"--silos {count}: expected 1 to {MostSilos}");
            if (count > 0 && isJoining) throw new CommandException("--silos and --join: expected one of them");
            if ((count > 0 || isJoining || isSilo) && !ClusterSupport.IsBuiltIn)
                throw new CommandException($"{(count > 0 ? "--silos" : "--join")}: {ClusterSupport.Missing}", ExitCode.Unavailable);
            var node = new NodeOptions
            {
                Folder = Path.GetFullPath(parsed.GetValue(StoreOptions.Data)!),
                Postgres = isJoining ? Joined(parsed, parsed.GetValue(join)) : Own(parsed),
                SharedPostgres = parsed.GetValue(sharedPostgres),
                Address = Address("--host", parsed.GetValue(host)!),
                Port = Within("--port", parsed.GetValue(port)),
                Otlp = Endpoint(parsed.GetValue(otlp)),
            };
            if (count > 0 || isJoining || isSilo)
            {
                node = node with
                {
                    Cluster = new ClusterOptions
                    {
                        Address = SiloAddress(parsed.GetValue(siloHost)!),
                        SiloPort = Within("--silo-port", parsed.GetValue(siloPort)),
                        GatewayPort = Within("--gateway-port", parsed.GetValue(gatewayPort)),
                    },
                };
            }
            else if (Given(parsed, siloHost, siloPort, gatewayPort) is { } alone)
            {
                throw new CommandException($"{alone}: expected --silos or --join too");
            }

            SiloLabel[] labels = [.. (parsed.GetValue(label) ?? []).Select(one => SiloLabel.Parse(one, count))];
            foreach (IGrouping<(int?, string), SiloLabel> twice in labels.GroupBy(static one => (one.Silo, one.Key)).Where(static one => one.Count() > 1))
                throw new CommandException($"--label {twice.Last()}: {twice.First()} is there already");
            if (parsed.GetValue(name) is { Length: > 0 } called) node = node with { Name = called };
            if (count == 0) node = node with { Labels = labels.ToDictionary(static one => one.Key, static one => one.Value) };
            var request = new UpRequest(
                node, Address("--api-host", parsed.GetValue(apiHost)!), Within("--api-port", parsed.GetValue(apiPort)), parsed.GetValue(paths) ?? [], parsed.GetValue(json))
            {
                Silos = count, Name = parsed.GetValue(name) is { Length: > 0 } given ? given : null, Labels = labels, IsSupervised = isSilo,
            };
            CheckPorts(request);

            // Before a store is made for nothing.
            foreach (string path in request.Paths) ApplicationCheck.FindManifest(path);
            string folder = parsed.GetValue(StoreOptions.Data)!;
            Task<int> run = parsed.GetValue(detach) ? DetachedNode.RunAsync(folder, request)
                : count > 0 ? ForegroundCluster.RunAsync(folder, request) : ForegroundNode.RunAsync(folder, request);
            return run.GetAwaiter().GetResult();
        });
        return command;
    }

    private static string Joined(ParseResult parsed, string? given)
    {
        if (parsed.GetValue(StoreOptions.Postgres) is not null) throw new CommandException("--join and --postgres: expected one of them");
        return given is { Length: > 0 } ? given
            : Own(parsed) ?? throw new CommandException($"--join: expected a connection string, here or in ${StoreOptions.Variable}; silos that share a machine need none: chain up --silos 3");
    }

    private static string? Given(ParseResult parsed, params Option[] options) =>
        options.FirstOrDefault(one => parsed.GetResult(one) is { Implicit: false })?.Name;

    /// <summary>Silos have ports one after the other.</summary>
    private static void CheckPorts(UpRequest request)
    {
        if (request.Silos == 0) return;
        ClusterOptions cluster = request.Node.Cluster!;
        (string Name, string Host, int First)[] all =
        [
            ("--port", request.Node.Address.ToString(), request.Node.Port), ("--api-port", request.ApiAddress.ToString(), request.ApiPort),
            ("--silo-port", "", cluster.SiloPort), ("--gateway-port", "", cluster.GatewayPort),
        ];
        foreach ((string name, _, int first) in all)
        {
            if (first + request.Silos - 1 > 65_535) throw new CommandException($"{name} {first}: expected {request.Silos} ports from there on, up to 65535");
        }

        for (int i = 0; i < all.Length; i++)
        {
            for (int j = i + 1; j < all.Length; j++)
            {
                if (all[i].First > 0 && all[j].First > 0 && Math.Abs(all[i].First - all[j].First) < request.Silos)
                    throw new CommandException($"{all[i].Name} {all[i].First} and {all[j].Name} {all[j].First}: expected {request.Silos} ports of their own for each");
            }
        }
    }

    private static string? Own(ParseResult parsed) =>
        (parsed.GetValue(StoreOptions.Postgres) ?? Environment.GetEnvironmentVariable(StoreOptions.Variable)) is { Length: > 0 } own ? own : null;

    private static Option<int> Port(string name, string what, int otherwise) =>
        new(name) { Description = $"{what}; {otherwise} by default, 0 for one that is free.", HelpName = "N", DefaultValueFactory = _ => otherwise };

    private static int Within(string option, int port) =>
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

    /// <summary>An address by which others can reach this machine, or the one that a name stands for.</summary>
    private static IPAddress SiloAddress(string text)
    {
        IPAddress[] found;
        try
        {
            found = IPAddress.TryParse(text.Trim('[', ']'), out IPAddress? given) ? [given] : Dns.GetHostAddresses(text);
        }
        catch (Exception unknown) when (unknown is SocketException or ArgumentException)
        {
            found = [];
        }

        IPAddress? address = found.FirstOrDefault(static one => one.AddressFamily == AddressFamily.InterNetwork) ?? found.FirstOrDefault();
        return address is not null && !address.Equals(IPAddress.Any) && !address.Equals(IPAddress.IPv6Any)
            ? address
            : throw new CommandException($"--silo-host {text}: expected an address of this machine that other silos reach, or a name of it");
    }
}
