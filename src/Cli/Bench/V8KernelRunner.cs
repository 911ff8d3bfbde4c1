namespace Chain.Cli.Bench;

/// <summary>Runs kernels in Node's V8, through <c>bench/engine/peer.mjs</c>.</summary>
internal sealed class V8KernelRunner(PeerProcess peer) : IKernelRunner
{
    public void Prepare(Kernel kernel, WarmUp warmUp)
    {
        peer.Ask<Nothing>(new { op = "load", name = kernel.Name, path = kernel.Path });
        peer.Ask<Nothing>(new { op = "warm", name = kernel.Name, n = kernel.N, calls = warmUp.Calls, ms = warmUp.Milliseconds });
    }

    public KernelRun Run(Kernel kernel)
    {
        string type = kernel.Result.ToString().ToLowerInvariant();
        Timing timing = peer.Ask<Timing>(new { op = "time", name = kernel.Name, n = kernel.N, type });
        return new KernelRun(timing.Ns, timing.Checksum);
    }

    private sealed record Timing(double Ns, string Checksum);

    private sealed record Nothing;
}
