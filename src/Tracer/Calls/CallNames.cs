using System.Collections.Concurrent;

namespace Chain.Tracer.Calls;

/// <summary>The names that records of this process refer to by number: call sites and state keys. Safe for any number of threads.</summary>
/// <remarks>Intern a call site once, where a link is made, and keep its id; a look-up here is not free.</remarks>
public sealed class CallNames
{
    /// <summary>Most call sites, and most state keys, of one process.</summary>
    public const int Limit = 1 << 22;

    /// <summary>Longest name of a component, its version, a function, a silo or a store, in characters.</summary>
    public const int MaxNameLength = 200;

    /// <summary>Highest number of an attempt.</summary>
    public const int MaxAttempt = short.MaxValue;

    /// <summary>Longest state key, in characters.</summary>
    public const int MaxKeyLength = 1024;

    private readonly Interned<CallSite> _sites = new("call sites");
    private readonly Interned<StateKey> _keys = new("state keys");

    /// <summary>Starts with no names; state key 0 is taken for "none".</summary>
    public CallNames() => _keys.Intern(default);

    /// <summary>The id of a call site.</summary>
    /// <exception cref="ArgumentException">A name is longer than <see cref="MaxNameLength"/> or is not storable text (NUL, half a surrogate
    /// pair), or the attempt is not between 1 and <see cref="MaxAttempt"/>.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="Limit"/> of them already.</exception>
    public CallSiteId Intern(CallSite site)
    {
        RequireText(site.Caller.Name, MaxNameLength);
        RequireText(site.Caller.Version, MaxNameLength);
        RequireText(site.Callee.Name, MaxNameLength);
        RequireText(site.Callee.Version, MaxNameLength);
        RequireText(site.Function.Name, MaxNameLength);
        RequireText(site.Host, MaxNameLength);
        if (site.Attempt is < 1 or > MaxAttempt) throw new ArgumentException($"attempt {site.Attempt}: expected 1 to {MaxAttempt}");
        return new CallSiteId(_sites.Intern(site));
    }

    /// <summary>The id of a state key.</summary>
    /// <exception cref="ArgumentException">A part is longer than <see cref="MaxKeyLength"/> or is not storable text.</exception>
    /// <exception cref="InvalidOperationException">There are <see cref="Limit"/> of them already.</exception>
    public StateKeyId Intern(StateKey key)
    {
        RequireText(key.Component, MaxNameLength);
        RequireText(key.Store, MaxNameLength);
        RequireText(key.Key, MaxKeyLength);
        return new StateKeyId(_keys.Intern(key));
    }

    /// <summary>The call site behind an id.</summary>
    public CallSite this[CallSiteId id] => _sites[id.Value];

    /// <summary>The state key behind an id.</summary>
    public StateKey this[StateKeyId id] => _keys[id.Value];

    private static void RequireText(string? text, int most)
    {
        if (text is null) return;
        if (text.Length > most) throw new ArgumentException($"'{text[..20]}…' has {text.Length} characters, at most {most} are kept");
        for (int i = 0; i < text.Length; i++)
        {
            bool pair = char.IsHighSurrogate(text[i]) && i + 1 < text.Length && char.IsLowSurrogate(text[i + 1]);
            if (text[i] == '\0' || (char.IsSurrogate(text[i]) && !pair))
                throw new ArgumentException($"character {i} of '{text}' cannot be stored");
            if (pair) i++;
        }
    }

    private sealed class Interned<T>(string what) where T : notnull
    {
        private readonly ConcurrentDictionary<T, int> _ids = new();
        private readonly Lock _growing = new();
        private T[] _items = new T[64];
        private int _count;

        public T this[int id] => (uint)id < (uint)Volatile.Read(ref _count)
            ? Volatile.Read(ref _items)[id]
            : throw new ArgumentOutOfRangeException(nameof(id), id, $"no such id among the {what}");

        public int Intern(T item)
        {
            if (_ids.TryGetValue(item, out int id)) return id;
            lock (_growing)
            {
                if (_ids.TryGetValue(item, out id)) return id;
                if (_count == Limit) throw new InvalidOperationException($"more than {Limit} {what} in one process");
                id = _count;
                T[] items = _items;
                if (id == items.Length) Array.Resize(ref items, id * 2);
                items[id] = item;
                Volatile.Write(ref _items, items);
                Volatile.Write(ref _count, id + 1);
                _ids[item] = id;
                return id;
            }
        }
    }
}
