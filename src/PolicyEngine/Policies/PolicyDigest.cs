using System.Security.Cryptography;
using System.Text;

namespace Chain.PolicyEngine.Policies;

/// <summary>Versions are digests of content: two policies of one digest decide alike.</summary>
internal static class PolicyDigest
{
    /// <summary>The digest of one policy. Each part is written with its length, so that no two contents write the same bytes.</summary>
    public static string Of(PolicyDocument policy)
    {
        var text = new StringBuilder("chain policy 1\n");
        Part("name", policy.Name);
        Part("on", ((int)policy.Events).ToString(System.Globalization.CultureInfo.InvariantCulture));
        foreach ((string key, IReadOnlyList<string> patterns) in policy.Match.OrderBy(m => m.Key, StringComparer.Ordinal))
        {
            foreach (string pattern in patterns.Order(StringComparer.Ordinal)) Part($"match.{key}", pattern);
        }

        Part("when", policy.When?.Text.Trim() ?? "");
        Part("effect", policy.Effect.ToString());
        Part("severity", policy.Severity.ToString());
        Part("fail", policy.Fail.ToString());
        Part("mode", policy.Mode.ToString());
        Part("message", policy.Message);
        return Hash(text.ToString());

        void Part(string name, string value) => text.Append(name).Append(' ').Append(value.Length).Append(' ').Append(value).Append('\n');
    }

    /// <summary>The digest of a set: its default and its policies in the order of their names.</summary>
    public static string OfSet(Decisions.Verdict @default, IEnumerable<Policy> policies) =>
        Hash($"chain policies 1\n{@default}\n{string.Join('\n', policies.OrderBy(p => p.Name, StringComparer.Ordinal).Select(p => p.Digest))}");

    private static string Hash(string text) => "sha256:" + Convert.ToHexStringLower(SHA256.HashData(Encoding.UTF8.GetBytes(text)));
}
