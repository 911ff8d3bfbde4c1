using System.Text.RegularExpressions;

namespace Chain.Wasm.Components.Types;

/// <summary>The syntax of versions in interface names (Semantic Versioning 2.0.0, items 2, 9 and 10).</summary>
internal static partial class SemanticVersion
{
    public static bool IsValid(string version) => Full().IsMatch(version);

    /// <summary>Whether it is a <c>canonversion</c>: as much of a version as decides about compatibility.</summary>
    public static bool IsCanonical(string version) => Canonical().IsMatch(version);

    [GeneratedRegex(
        @"^(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)\.(0|[1-9][0-9]*)"
        + @"(-(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*)(\.(0|[1-9][0-9]*|[0-9]*[A-Za-z-][0-9A-Za-z-]*))*)?"
        + @"(\+[0-9A-Za-z-]+(\.[0-9A-Za-z-]+)*)?\z",
        RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Full();

    [GeneratedRegex(@"^([1-9][0-9]*|0\.[1-9][0-9]*|0\.0\.[1-9][0-9]*|0\.0\.0)\z", RegexOptions.CultureInvariant | RegexOptions.NonBacktracking)]
    private static partial Regex Canonical();
}
