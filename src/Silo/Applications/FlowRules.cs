using Chain.PolicyEngine.Decisions;
using Chain.PolicyEngine.Policies;
using Chain.Tracer.Calls;
using Chain.Tracer.Tags;

namespace Chain.Silo.Applications;

/// <summary>A function that a rule names.</summary>
/// <param name="Component">The component that exports it.</param>
/// <param name="Export">The export's name as it stands in the component, version included; empty for a function that is exported by itself.</param>
/// <param name="Name">The function's name.</param>
public sealed record RuleFunction(string Component, string Export, string Name)
{
    /// <summary>As policies and the record name it, such as <c>clinic:records/store#get</c>: without a version.</summary>
    public FunctionRef Reference => NameOf(Export, Name);

    internal static FunctionRef NameOf(string export, string function)
    {
        int at = export.IndexOf('@', StringComparison.Ordinal);
        string path = at < 0 ? export : export[..at];
        return new FunctionRef(path.Length == 0 ? function : function.Length == 0 ? path : $"{path}#{function}");
    }
}

/// <summary>On which data a source puts its tags.</summary>
public enum SourcePlace
{
    /// <summary>An argument of a function, before the call is decided on.</summary>
    Argument,

    /// <summary>The result of a function.</summary>
    Result,

    /// <summary>HTTP requests from outside to an exposed component.</summary>
    Request,

    /// <summary>Responses to the HTTP requests that a component makes.</summary>
    Response,
}

/// <summary>Puts tags on data.</summary>
/// <param name="Component">The component that has the function, is exposed, or makes requests.</param>
/// <param name="Function">The function; <see langword="null"/> where <paramref name="Place"/> is a request or a response.</param>
/// <param name="Place">On which data.</param>
/// <param name="Argument">Which argument, from 0, where <paramref name="Place"/> is an argument.</param>
/// <param name="Field">The part of the argument or result that is tagged; the whole where it has no steps.</param>
/// <param name="Tags">The tags.</param>
public sealed record SourceRule(
    string Component, RuleFunction? Function, SourcePlace Place, int Argument, FieldPath Field, IReadOnlyList<TagTemplate> Tags);

/// <summary>How data leave.</summary>
public enum SinkKind
{
    /// <summary>An HTTP request to a host.</summary>
    Http,

    /// <summary>The application's log, standard output and error.</summary>
    Log,

    /// <summary>A keyvalue bucket.</summary>
    KeyValue,
}

/// <summary>A name for a place where data leave, so that policies can speak of it as of a callee.</summary>
/// <param name="Name">Its name; no component has the same.</param>
/// <param name="Kind">How data leave.</param>
/// <param name="Pattern">The host (in a form of <c>HttpGrants</c>) or the bucket (a glob); <c>**</c> for the log.</param>
/// <param name="Component">The one component whose data are meant; all where it is <see langword="null"/>.</param>
/// <param name="Party">It as policies and the record see it: <c>application/name</c> and its labels.</param>
public sealed record SinkRule(string Name, SinkKind Kind, string Pattern, string? Component, CallParty Party);

/// <summary>A function that may drop secrecy tags: what it returns lacks them.</summary>
/// <param name="Function">The function.</param>
/// <param name="Drops">Which tags; one without a value stands for that name with any value or none.</param>
public sealed record DeclassifierRule(RuleFunction Function, IReadOnlyList<TagPattern> Drops);

/// <summary>A function that may add integrity tags to what it returns.</summary>
/// <param name="Function">The function.</param>
/// <param name="Adds">The tags, all of them integrity tags.</param>
public sealed record EndorserRule(RuleFunction Function, IReadOnlyList<Tag> Adds);
