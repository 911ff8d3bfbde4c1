using System.Text;

namespace Chain.PolicyEngine.Decisions;

/// <summary>
/// What many decisions have in common and the record says once: which set decided, which of its policies had a part, and the verdict. A value: equal where all of that is. It
/// outlives the policies, so that a decision can be recorded by a process that never loaded them.
/// </summary>
public sealed class DecisionShape : IEquatable<DecisionShape>
{
    private readonly byte[] _bytes;
    private readonly int _hash;

    private DecisionShape(string set, Verdict verdict, Verdict shadowVerdict, string[] policies, short[] outcomes, byte[] bytes)
    {
        Set = set;
        Verdict = verdict;
        ShadowVerdict = shadowVerdict;
        Policies = policies;
        Outcomes = outcomes;
        _bytes = bytes;
        var hash = new HashCode();
        hash.AddBytes(bytes);
        _hash = hash.ToHashCode();
    }

    /// <summary>The digest of the set that decided.</summary>
    public string Set { get; }

    /// <summary>What was enforced.</summary>
    public Verdict Verdict { get; }

    /// <summary>What would have been, with the policies in shadow mode.</summary>
    public Verdict ShadowVerdict { get; }

    /// <summary>The digests of the policies that matched or failed, in the order of the set.</summary>
    public IReadOnlyList<string> Policies { get; }

    /// <summary>Of each: 0 it matched, 1 it failed and applies, 2 it failed and does not.</summary>
    public IReadOnlyList<short> Outcomes { get; }

    /// <summary>All of it, as <see cref="Read"/> takes it.</summary>
    internal ReadOnlySpan<byte> Bytes => _bytes;

    /// <summary>Reads one from bytes.</summary>
    /// <exception cref="InvalidDataException">They are none of this program.</exception>
    internal static DecisionShape Read(ReadOnlySpan<byte> bytes)
    {
        try
        {
            byte[] own = bytes.ToArray();
            using var reader = new BinaryReader(new MemoryStream(own), Encoding.UTF8);
            string set = reader.ReadString();
            var (verdict, shadow) = ((Verdict)reader.ReadByte(), (Verdict)reader.ReadByte());
            int count = reader.Read7BitEncodedInt();
            // Each takes two bytes at least; nonsense must not reach an allocation.
            if (count < 0 || count > own.Length / 2) throw new InvalidDataException($"a decision claims {count} policies in {own.Length} bytes");
            var (policies, outcomes) = (new string[count], new short[count]);
            for (int i = 0; i < count; i++) (policies[i], outcomes[i]) = (reader.ReadString(), reader.ReadByte());
            if (reader.BaseStream.Position != own.Length) throw new InvalidDataException("a decision has bytes behind its policies");
            return new DecisionShape(set, verdict, shadow, policies, outcomes, own);
        }
        catch (Exception e) when (e is EndOfStreamException or FormatException)
        {
            throw new InvalidDataException($"a decision does not read: {e.Message}", e);
        }
    }

    internal static DecisionShape Of(Decision decision)
    {
        string[] policies = [.. decision.Outcomes.Select(static one => one.Policy.Digest)];
        short[] outcomes = [.. decision.Outcomes.Select(static one => one.Error is null ? (short)0 : one.Applies ? (short)1 : (short)2)];
        using var bytes = new MemoryStream();
        using var writer = new BinaryWriter(bytes, Encoding.UTF8);
        writer.Write(decision.Set.Digest);
        writer.Write((byte)decision.Verdict);
        writer.Write((byte)decision.ShadowVerdict);
        writer.Write7BitEncodedInt(policies.Length);
        for (int i = 0; i < policies.Length; i++)
        {
            writer.Write(policies[i]);
            writer.Write((byte)outcomes[i]);
        }

        writer.Flush();
        return new DecisionShape(decision.Set.Digest, decision.Verdict, decision.ShadowVerdict, policies, outcomes, bytes.ToArray());
    }

    public bool Equals(DecisionShape? other) => other is not null && (ReferenceEquals(this, other) || (_hash == other._hash && Bytes.SequenceEqual(other.Bytes)));

    public override bool Equals(object? obj) => Equals(obj as DecisionShape);

    public override int GetHashCode() => _hash;
}
