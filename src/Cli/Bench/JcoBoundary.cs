namespace Chain.Cli.Bench;

/// <summary>The same component transpiled by jco, in Node beside us, through <c>bench/component/peer.mjs</c>.</summary>
internal sealed class JcoBoundary : IDisposable
{
    private readonly PeerProcess peer;

    private JcoBoundary(PeerProcess peer) => this.peer = peer;

    /// <summary>The peer's name and version.</summary>
    public string Name { get; private init; } = "";

    /// <summary>Starts it; <see langword="null"/>, and a note, where Node or jco cannot be had.</summary>
    public static JcoBoundary? TryStart(string folder, string path, BenchReport report)
    {
        if (!NodePackages.TryInstall(folder, "@bytecodealliance/jco-transpile", report)) return null;
        PeerProcess? peer = PeerProcess.TryStart(Path.Combine(folder, "peer.mjs"), report);
        if (peer is null) return null;
        try
        {
            var boundary = new JcoBoundary(peer) { Name = peer.Ask<PeerName>(new { op = "name" }).Name };
            peer.Ask<Nothing>(new
            {
                op = "load",
                path,
                text = ComponentWorkload.Text,
                items = ComponentWorkload.Order.Items.Select(item => new { item.Name, item.Quantity, item.Price }),
            });
            return boundary;
        }
        catch
        {
            peer.Dispose();
            throw;
        }
    }

    /// <summary>Carries out a case so many times.</summary>
    public Batch Time(string name, int count)
    {
        Timing timing = peer.Ask<Timing>(new { op = "time", name, count });
        return new Batch(timing.Ns, timing.Value);
    }

    public void Dispose() => peer.Dispose();

    private sealed record PeerName(string Name);

    private sealed record Timing(double Ns, string Value);

    private sealed record Nothing;
}
