using Chain.PolicyEngine.Decisions;

namespace Chain.PolicyEngine.Backtesting;

/// <summary>A call whose decision changes.</summary>
/// <param name="Call">The call of the record.</param>
/// <param name="Facts">What was decided about.</param>
public sealed record BacktestExample(StoredCall Call, CallFacts Facts);

/// <summary>Decisions that change alike.</summary>
/// <param name="Before">The decision before, such as <c>allow</c> or <c>deny: p</c>.</param>
/// <param name="After">The decision after.</param>
/// <param name="VerdictChanges">Whether the verdict itself changes; else only who is alerted or what is audited.</param>
/// <param name="Link">Who calls what.</param>
/// <param name="Event">When.</param>
/// <param name="Count">How many calls.</param>
/// <param name="Example">The earliest of them.</param>
/// <param name="AfterDecision">The changed set's decision about the example.</param>
/// <param name="BeforeDecision">The other set's decision about it; null where the record itself was compared with.</param>
public sealed record BacktestGroup(
    string Before, string After, bool VerdictChanges, CallLink Link, PolicyEvent Event, long Count, BacktestExample Example,
    Decision AfterDecision, Decision? BeforeDecision);

/// <summary>What a changed set would have done.</summary>
/// <param name="Calls">How many calls were read.</param>
/// <param name="Decisions">How many decisions were made, by both sets.</param>
/// <param name="Changed">How many of the calls' decisions change.</param>
/// <param name="Groups">The changes, grouped, the most frequent first.</param>
/// <param name="Ungrouped">Changes past the limit of groups.</param>
/// <param name="Deciding">The time that the workers spent on decisions, divided by their number.</param>
/// <param name="Elapsed">The time of all, with reading.</param>
public sealed record BacktestReport(
    long Calls, long Decisions, long Changed, IReadOnlyList<BacktestGroup> Groups, long Ungrouped, TimeSpan Deciding, TimeSpan Elapsed);
