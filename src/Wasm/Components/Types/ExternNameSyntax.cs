using System.Globalization;

namespace Chain.Wasm.Components.Types;

/// <summary>What the name of an import or export looks like (Component Model, "Import and Export Definitions").</summary>
public enum ExternNameKind
{
    Label,
    Constructor,
    Method,
    Static,
    Interface,
}

/// <summary>The parts of an interface name such as <c>wasi:http/types@0.2.3</c>.</summary>
/// <param name="Namespace">Such as <c>wasi</c>.</param>
/// <param name="Package">Such as <c>http</c>.</param>
/// <param name="Interface">Such as <c>types</c>.</param>
/// <param name="Version">Such as <c>0.2.3</c>, or <see langword="null"/>.</param>
public sealed record InterfaceName(string Namespace, string Package, string Interface, string? Version)
{
    /// <summary>The name without the interface: <c>wasi:http@0.2.3</c>.</summary>
    public string PackageName => $"{Namespace}:{Package}{(Version is null ? "" : "@" + Version)}";
}

/// <summary>A parsed name of an import or export.</summary>
/// <param name="Kind">Which of the grammar's forms it has.</param>
/// <param name="Resource">The resource's label of a constructor, method or static function.</param>
/// <param name="Label">The label of a plain name; of a method or static function, that after the dot.</param>
/// <param name="Interface">The parts of an interface name.</param>
public sealed record ParsedName(ExternNameKind Kind, string Resource, string Label, InterfaceName? Interface)
{
    private const string Constructor = "[constructor]";
    private const string Method = "[method]";
    private const string Static = "[static]";

    /// <summary>What must be unique in a scope ("Name Uniqueness"): two names that differ only in what binding generators drop have the same.</summary>
    public string UniqueKey => Kind switch
    {
        ExternNameKind.Label => Lower(Label),
        ExternNameKind.Constructor => Constructor + Lower(Resource),
        ExternNameKind.Interface => $"{Interface!.Namespace}:{Interface.Package}/{Lower(Interface.Interface)}@{Interface.Version}",
        _ => Lower(Resource) == Lower(Label) ? Lower(Label) : Lower($"{Resource}.{Label}"),
    };

    /// <summary>Parses a name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="reason">Where it is none, why not.</param>
    public static ParsedName? Parse(string name, out string reason)
    {
        reason = "";
        if (name.StartsWith(Constructor, StringComparison.Ordinal))
        {
            string resource = name[Constructor.Length..];
            return IsLabel(resource, ref reason) ? new ParsedName(ExternNameKind.Constructor, resource, "", null) : null;
        }

        if (name.StartsWith(Method, StringComparison.Ordinal)) return ParseMember(name[Method.Length..], ExternNameKind.Method, ref reason);
        if (name.StartsWith(Static, StringComparison.Ordinal)) return ParseMember(name[Static.Length..], ExternNameKind.Static, ref reason);
        if (name.Contains(':'))
        {
            InterfaceName? parsed = ParseInterface(name, out reason);
            return parsed is null ? null : new ParsedName(ExternNameKind.Interface, "", "", parsed);
        }

        return IsLabel(name, ref reason) ? new ParsedName(ExternNameKind.Label, "", name, null) : null;
    }

    /// <summary>Parses an interface name.</summary>
    /// <param name="name">The name.</param>
    /// <param name="reason">Where it is none, why not.</param>
    public static InterfaceName? ParseInterface(string name, out string reason)
    {
        reason = "";
        int at = name.IndexOf('@');
        string path = at < 0 ? name : name[..at];
        string? version = at < 0 ? null : name[(at + 1)..];
        int colon = path.IndexOf(':');
        int slash = path.IndexOf('/');
        if (colon < 0 || slash < colon)
        {
            reason = "expected namespace:package/interface";
            return null;
        }

        string space = path[..colon];
        string package = path[(colon + 1)..slash];
        string label = path[(slash + 1)..];
        if (!IsWords(space) || !IsWords(package))
        {
            reason = "namespace and package must be words of a-z and 0-9 with hyphens between";
            return null;
        }

        if (!IsLabel(label, ref reason)) return null;
        if (version is not null && !SemanticVersion.IsValid(version) && !SemanticVersion.IsCanonical(version))
        {
            reason = "the version is no semantic version";
            return null;
        }

        return new InterfaceName(space, package, label, version);
    }

    /// <summary>Whether it is a label: words and acronyms with hyphens between, the first of which begins with a letter.</summary>
    public static bool IsLabel(string text)
    {
        string reason = "";
        return IsLabel(text, ref reason);
    }

    /// <summary>ASCII letters in lower case; a label has no others.</summary>
    internal static string Lower(string label) => label.ToLower(CultureInfo.InvariantCulture);

    private static ParsedName? ParseMember(string text, ExternNameKind kind, ref string reason)
    {
        int dot = text.IndexOf('.');
        if (dot < 0)
        {
            reason = "expected resource.function";
            return null;
        }

        string resource = text[..dot];
        string label = text[(dot + 1)..];
        return IsLabel(resource, ref reason) && IsLabel(label, ref reason) ? new ParsedName(kind, resource, label, null) : null;
    }

    private static bool IsLabel(string text, ref string reason)
    {
        bool first = true;
        foreach (Range range in text.AsSpan().Split('-'))
        {
            ReadOnlySpan<char> fragment = text.AsSpan(range);
            bool isFragment = fragment.Length > 0 && (!first || char.IsAsciiLetter(fragment[0]))
                && (!fragment.ContainsAnyExcept(LowerAndDigits) || !fragment.ContainsAnyExcept(UpperAndDigits));
            first = false;
            if (isFragment) continue;
            reason = "not in kebab case";
            return false;
        }

        return true;
    }

    private static bool IsWords(string text)
    {
        bool first = true;
        foreach (Range range in text.AsSpan().Split('-'))
        {
            ReadOnlySpan<char> word = text.AsSpan(range);
            if (word.Length == 0 || (first && !char.IsAsciiLetterLower(word[0])) || word.ContainsAnyExcept(LowerAndDigits)) return false;
            first = false;
        }

        return true;
    }

    private static readonly System.Buffers.SearchValues<char> LowerAndDigits =
        System.Buffers.SearchValues.Create("abcdefghijklmnopqrstuvwxyz0123456789");

    private static readonly System.Buffers.SearchValues<char> UpperAndDigits =
        System.Buffers.SearchValues.Create("ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789");
}
