using System.CommandLine;

namespace Chain.Cli.Policy;

/// <summary><c>chain policy</c>: check, test, evaluate, explain and backtest policies.</summary>
internal static class PolicyCommand
{
    public static Command Create() => new("policy", "Check, test, evaluate, explain and backtest policies.")
    {
        CheckCommand.Create(),
        TestCommand.Create(),
        EvalCommand.Create(),
        ExplainCommand.Create(),
        ListCommand.Create(),
        BacktestCommand.Create(),
        HistoryCommand.Create(),
        HistoryCommand.Activate(),
        ConformanceCommand.Create(),
    };
}
