using System.Text.Json;
using Chain.PolicyEngine.Policies;
using Chain.Silo.Applications.Storage;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tracer.Recording;

namespace Chain.Silo.Api;

/// <summary>How a node is.</summary>
/// <param name="Node">What the record calls it.</param>
/// <param name="Version">Of Chain.</param>
/// <param name="Pid">Its process.</param>
/// <param name="Started">When.</param>
/// <param name="Http">Where applications' HTTP is served.</param>
/// <param name="Store">The store.</param>
/// <param name="Calls">Calls that ended since it started.</param>
/// <param name="Denied">Those of them that a policy refused.</param>
/// <param name="Dropped">Decisions, violations and lines of logs that could not be kept.</param>
/// <param name="Recorder">What became of the records of calls and flows.</param>
/// <param name="SpoolBytes">Bytes that wait in the spool for Postgres.</param>
/// <param name="WaitingCalls">Calls that wait there.</param>
/// <param name="Policies">The policies that decide.</param>
/// <param name="Applications">What runs.</param>
/// <param name="State">How it stands to its cluster; absent where it is in none.</param>
/// <param name="Url">Its API, without <c>/api/v1</c>.</param>
/// <param name="Silos">Those of its cluster; only <c>chain status --json</c> has them, from <c>/silos</c>.</param>
/// <param name="Supervisor">The process that runs the silos; only <c>chain status --json</c> has it, from there.</param>
/// <param name="NotRunning">What is active in the store and could not be started on the node; absent where there is none.</param>
/// <param name="Decisions">What became of decisions and violations.</param>
public sealed record NodeState(
    string Node, string Version, int Pid, DateTimeOffset Started, string Http, StoreState Store, long Calls, long Denied, long Dropped, CounterTotals Recorder,
    long SpoolBytes, long WaitingCalls, PolicyState Policies, IReadOnlyList<RunningApplication> Applications, SiloState? State = null,
    string? Url = null, IReadOnlyList<SiloStatus>? Silos = null, SupervisorState? Supervisor = null, IReadOnlyList<StoppedApplication>? NotRunning = null,
    DecisionState? Decisions = null);

/// <summary>The store of a node.</summary>
/// <param name="IsUp">Whether it answers.</param>
/// <param name="Server">The version of Postgres, where it answers.</param>
/// <param name="Folder">Where the private server is; absent where the store is the user's own.</param>
public sealed record StoreState(bool IsUp, string? Server = null, string? Folder = null);

/// <summary>The policies of a node.</summary>
/// <param name="Digest">Of the set.</param>
/// <param name="Count">How many.</param>
public sealed record PolicyState(string Digest, int Count);

/// <summary>An application that runs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Version">The version that answers.</param>
/// <param name="Digest">Of that version.</param>
/// <param name="Components">Its components.</param>
/// <param name="Urls">Where it answers HTTP requests.</param>
public sealed record RunningApplication(string Name, int Version, string Digest, IReadOnlyList<RunningComponent> Components, IReadOnlyList<string> Urls);

/// <summary>A version that is active in the store and could not be started on the node.</summary>
/// <param name="Name">The application's name.</param>
/// <param name="Version">The version; the one before goes on answering, if there was one.</param>
/// <param name="Reason">Why not.</param>
public sealed record StoppedApplication(string Name, int Version, string Reason);

/// <summary>A component of an application that runs.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Digest">Of its bytes.</param>
/// <param name="Instances">How many there are now.</param>
/// <param name="Functions">What can be called, as it is called.</param>
public sealed record RunningComponent(string Name, string Digest, int Instances, IReadOnlyList<string> Functions);

/// <summary>An application with its versions.</summary>
/// <param name="Name">Its name.</param>
/// <param name="Versions">The latest first.</param>
/// <param name="Running">What runs of it; absent where nothing does.</param>
public sealed record ApplicationDetails(string Name, IReadOnlyList<ApplicationVersion> Versions, RunningApplication? Running = null);

/// <summary>What deploying or rolling back gave.</summary>
/// <param name="HasChanged">False where that version answered already.</param>
/// <param name="Application">What runs now.</param>
/// <param name="Warnings">What somebody should look at.</param>
public sealed record DeployAnswer(bool HasChanged, RunningApplication Application, IReadOnlyList<IssueLine> Warnings);

/// <summary>An error or a warning in a file.</summary>
/// <param name="Level"><c>error</c> or <c>warning</c>.</param>
/// <param name="File">The file.</param>
/// <param name="Line">From 1.</param>
/// <param name="Column">From 1.</param>
/// <param name="Message">What is wrong, what was expected and what was found.</param>
/// <param name="Text">The line itself.</param>
public sealed record IssueLine(string Level, string File, int Line, int Column, string Message, string Text)
{
    public static IssueLine Of(PolicyIssue issue) => new(
        issue.Level == IssueLevel.Error ? "error" : "warning", issue.Place.File, issue.Place.Line, issue.Place.Column, issue.Message, issue.Place.Text);

    public PolicyIssue ToIssue() => new(Level == "error" ? IssueLevel.Error : IssueLevel.Warning, new PolicyPlace(File, Line, Column, Text), Message);
}

/// <summary>Which version to go back to.</summary>
/// <param name="To">Its number; the one that was active before where it is absent.</param>
/// <param name="Author">Who does it.</param>
public sealed record RollbackRequest(int? To = null, string? Author = null);

/// <summary>A call.</summary>
/// <param name="Call">
/// The function and its arguments in WAVE, such as <c>store#get("7")</c>: as much of the interface's name as tells it from others.
/// </param>
public sealed record CallRequest(string Call);

/// <summary>How a call ended.</summary>
/// <param name="Outcome"><c>returned</c>, <c>error</c>, <c>trapped</c>, <c>timed-out</c>, <c>cancelled</c>, <c>denied</c>, <c>not-started</c> or
/// <c>lost</c>.</param>
/// <param name="Trace">Its chain.</param>
/// <param name="Label">The tags of the result.</param>
/// <param name="Wave">The result in WAVE; absent where there is none.</param>
/// <param name="Value">The result as JSON; absent where there is none.</param>
/// <param name="Error">Why it did not return; absent where it did.</param>
public sealed record CallAnswer(string Outcome, string Trace, IReadOnlyList<string> Label, string? Wave = null, JsonElement? Value = null, string? Error = null);

/// <summary>An alert.</summary>
/// <param name="Fingerprint">Its identity.</param>
/// <param name="Labels">Its labels.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Message">Of its last violation.</param>
/// <param name="Call">The last call.</param>
/// <param name="Trace">That call's chain.</param>
/// <param name="FirstSeen">Its first violation.</param>
/// <param name="LastSeen">Its last violation.</param>
/// <param name="Count">How many violations.</param>
/// <param name="Silenced">How many of them were silenced.</param>
/// <param name="Firing">Whether it is not resolved.</param>
/// <param name="Waiting">Notices that are not delivered yet.</param>
/// <param name="Error">Why the last attempt to deliver one failed.</param>
public sealed record AlertLine(
    string Fingerprint, IReadOnlyDictionary<string, string> Labels, string Severity, string Message, string Call, string Trace, DateTimeOffset FirstSeen,
    DateTimeOffset LastSeen, long Count, long Silenced, bool Firing, long Waiting, string? Error = null);

/// <summary>A violation.</summary>
/// <param name="Id">Rises from one to the next.</param>
/// <param name="At">When.</param>
/// <param name="Severity">How bad.</param>
/// <param name="Policy">Which policy.</param>
/// <param name="Message">What it said.</param>
/// <param name="Call">Of which call.</param>
/// <param name="IsSilenced">Whether a silence kept it quiet.</param>
public sealed record ViolationNotice(long Id, DateTimeOffset At, string Severity, string Policy, string Message, string Call, bool IsSilenced);
