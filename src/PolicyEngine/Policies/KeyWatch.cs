using YamlDotNet.Core.Events;

namespace Chain.PolicyEngine.Policies;

/// <summary>Follows the events of a YAML stream and finds keys that a mapping has already: a node would keep one value, and which is anybody's guess.</summary>
internal sealed class KeyWatch
{
    // The collections that are open; null for a list.
    private readonly Stack<Dictionary<string, long>?> _open = new();
    private readonly Stack<bool> _keyIsNext = new();

    /// <summary>Whether there was one.</summary>
    public bool HasRepeated { get; private set; }

    /// <summary>The key and the line of the first one, where the event is a key that its mapping has already.</summary>
    public (string Key, long Line)? Repeated(ParsingEvent current)
    {
        switch (current)
        {
            case MappingStart:
                TakeNode();
                _open.Push(new Dictionary<string, long>(StringComparer.Ordinal));
                _keyIsNext.Push(true);
                break;
            case SequenceStart:
                TakeNode();
                _open.Push(null);
                _keyIsNext.Push(false);
                break;
            case MappingEnd or SequenceEnd:
                _open.Pop();
                _keyIsNext.Pop();
                break;
            case Scalar scalar when TakeNode():
                Dictionary<string, long> keys = _open.Peek()!;
                if (keys.TryAdd(scalar.Value, scalar.Start.Line)) break;
                HasRepeated = true;
                return (scalar.Value, keys[scalar.Value]);
        }

        return null;
    }

    /// <summary>A node begins: says whether it is a key, and that the other of key and value is next.</summary>
    private bool TakeNode()
    {
        if (_open.Count == 0 || _open.Peek() is null) return false;
        bool isKey = _keyIsNext.Pop();
        _keyIsNext.Push(!isKey);
        return isKey;
    }
}
