using System.CommandLine;

namespace Chain.Cli.Bench;

/// <summary><c>chain bench NAME</c>: ours and a peer, alternately, in one run.</summary>
internal static class BenchCommand
{
    public static Command Create() => new("bench", "Measure Chain beside a peer, alternately, in one run.")
    {
        EngineBench.Create(),
        PolicyBench.Create(),
        BacktestBench.Create(),
        AlertsBench.Create(),
        RecordBench.Create(),
        IngestBench.Create(),
        LineageBench.Create(),
        ServeBench.Create(),
        ComponentBench.Create(),
        HopBench.Create(),
    };
}
