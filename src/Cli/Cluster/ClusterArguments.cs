using System.CommandLine;
using System.Net;
using System.Net.Sockets;
using Chain.Cli.Node;
using Chain.Cli.RecordStore;
using Chain.Silo.Hosting;

namespace Chain.Cli.Cluster;

/// <summary>What <c>chain up</c> may be told about clusters.</summary>
internal sealed class ClusterArguments
{
    private const string Loopback = "127.0.0.1";

    /// <summary>The most silos that one process runs.</summary>
    private const int MostSilos = 64;

    private readonly Option<int?> silos = new("--silos")
    {
        Description = "Run a cluster: this many silos, each in a process of its own, on one store. Ports are those of the first; the others have the next ones.",
        HelpName = "N",
    };
    private readonly Option<string?> join = new("--join")
    {
        Description = $"Run one silo of the cluster of a store: a connection string, or ${StoreOptions.Variable} without one.",
        HelpName = "POSTGRES", Arity = ArgumentArity.ZeroOrOne,
    };
    private readonly Option<string[]> label = new("--label")
    {
        Description = "What kind of place it is, such as region=eu; with --silos also of one silo: 2:region=eu. May be repeated.", HelpName = "KEY=VALUE",
    };
    private readonly Option<string> host = new("--silo-host")
    {
        Description = $"Where other silos reach this one: an address of this machine, or a name of it; {Loopback} by default.", HelpName = "ADDR",
        DefaultValueFactory = _ => Loopback,
    };
    private readonly Option<int> port = UpCommand.Port("--silo-port", "Its port for other silos", 0);
    private readonly Option<int> httpPort = UpCommand.Port("--forward-port", "Its port for HTTP requests that other silos forward", 0);
    private readonly Option<int> gatewayPort = UpCommand.Port("--gateway-port", "Its port for clients of the cluster", 0);

    // For silos that 'chain up --silos' starts.
    private readonly Option<bool> supervised = new("--supervised") { Hidden = true };
    private readonly Option<string?> sharedPostgres = new("--shared-postgres") { Hidden = true };

    public void AddTo(Command command)
    {
        foreach (Option option in (Option[])[silos, join, label, host, port, httpPort, gatewayPort, supervised, sharedPostgres]) command.Options.Add(option);
    }

    /// <summary>How it is a silo, or how several are; <see langword="null"/> for a node by itself.</summary>
    /// <exception cref="CommandException">What was given does not go together, or this build has no clusters.</exception>
    public ClusterOptions? Read(ParseResult parsed)
    {
        int? count = parsed.GetValue(silos);
        bool isJoining = parsed.GetResult(join) is not null;
        if (count is < 1 or > MostSilos) throw new CommandException($"--silos {count}: expected 1 to {MostSilos}");
        if (count is not null && isJoining) throw new CommandException("--silos and --join: expected one of them");
        if (count is null && !isJoining && !parsed.GetValue(supervised))
        {
            return Given(parsed, host, port, httpPort, gatewayPort) is { } alone ? throw new CommandException($"{alone}: expected --silos or --join too") : null;
        }

        if (!ClusterSupport.IsBuiltIn) throw new CommandException($"{(isJoining ? "--join" : "--silos")}: {ClusterSupport.Missing}", ExitCode.Unavailable);
        return new ClusterOptions
        {
            Address = Address(parsed.GetValue(host)!),
            SiloPort = UpCommand.Within(port.Name, parsed.GetValue(port)),
            HttpPort = UpCommand.Within(httpPort.Name, parsed.GetValue(httpPort)),
            GatewayPort = UpCommand.Within(gatewayPort.Name, parsed.GetValue(gatewayPort)),
        };
    }

    /// <summary>The store of the cluster that is joined; <see langword="null"/> where none is.</summary>
    /// <exception cref="CommandException">None is named.</exception>
    public string? StoreOf(ParseResult parsed)
    {
        if (parsed.GetResult(join) is null) return null;
        if (parsed.GetValue(StoreOptions.Postgres) is not null) throw new CommandException("--join and --postgres: expected one of them");
        return parsed.GetValue(join) is { Length: > 0 } given ? given
            : UpCommand.Own(parsed) ?? throw new CommandException(
                $"--join: expected a connection string, here or in ${StoreOptions.Variable}; silos that share a machine need none: chain up --silos 3");
    }

    /// <summary>Where the private store is that a silo shares with others.</summary>
    public string? SharedPostgresOf(ParseResult parsed) => parsed.GetValue(sharedPostgres);

    /// <summary>Puts what was said of silos into a request.</summary>
    /// <exception cref="CommandException">A label or a port is wrong.</exception>
    public UpRequest Complete(ParseResult parsed, UpRequest request)
    {
        int count = parsed.GetValue(silos) ?? 0;
        SiloLabel[] labels = [.. (parsed.GetValue(label) ?? []).Select(one => SiloLabel.Parse(one, count))];
        foreach (IGrouping<(int?, string), SiloLabel> twice in labels.GroupBy(static one => (one.Silo, one.Key)).Where(static one => one.Count() > 1))
            throw new CommandException($"--label {twice.Last()}: {twice.First()} is there already");
        UpRequest complete = request with { Silos = count, Labels = labels, IsSupervised = parsed.GetValue(supervised) };
        if (count > 0) CheckPorts(complete);
        return count > 0 ? complete : complete with
        {
            Node = complete.Node with { Labels = labels.ToDictionary(static one => one.Key, static one => one.Value) },
        };
    }

    private static string? Given(ParseResult parsed, params Option[] options) =>
        options.FirstOrDefault(one => parsed.GetResult(one) is { Implicit: false })?.Name;

    /// <summary>Silos have ports one after the other.</summary>
    private static void CheckPorts(UpRequest request)
    {
        ClusterOptions cluster = request.Node.Cluster!;
        (string Name, int First)[] all =
        [
            ("--port", request.Node.Port), ("--api-port", request.ApiPort),
            ("--silo-port", cluster.SiloPort), ("--forward-port", cluster.HttpPort), ("--gateway-port", cluster.GatewayPort),
        ];
        foreach ((string name, int first) in all)
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

    /// <summary>An address by which others can reach this machine, or the one that a name stands for.</summary>
    private static IPAddress Address(string text)
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
