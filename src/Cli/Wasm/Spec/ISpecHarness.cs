namespace Chain.Cli.Wasm.Spec;

/// <summary>
/// Carries out the commands of one script, one after another: the core suite has one implementation, the component suite another. For one
/// thread.
/// </summary>
internal interface ISpecHarness : IDisposable
{
    /// <summary>
    /// Carries out a command. An exception counts as a failure of this command, so an implementation catches only what it expects.
    /// </summary>
    Outcome Execute(ScriptCommand command);
}

/// <summary>How a command ended.</summary>
internal enum Verdict
{
    Passed,
    Failed,
    Skipped,
}

/// <summary>How a command ended and, unless it passed, why.</summary>
internal readonly record struct Outcome(Verdict Verdict, string Detail)
{
    public static Outcome Passed { get; } = new(Verdict.Passed, "");

    public static Outcome Skipped(string reason) => new(Verdict.Skipped, reason);

    public static Outcome Failed(string expected, string found) => new(Verdict.Failed, $"expected {expected}, found {found}");

    public static Outcome Failed(string what) => new(Verdict.Failed, what);
}
