using Chain.Wasm.Components.Hosting;

namespace Chain.Wasm.Wasi.Http;

/// <summary>
/// The resource <c>fields</c> of <c>wasi:http/types</c>: headers or trailers, in order; names are equal whatever their case. For one thread at a time.
/// </summary>
public sealed class Fields
{
    /// <summary>The most entries that fields may have; a guest that adds more traps.</summary>
    public const int MostEntries = 1000;

    /// <summary>The most bytes that names and values may have together; a guest that adds more traps.</summary>
    public const int MostBytes = 128 * 1024;

    private readonly List<(string Name, byte[] Value)> entries;
    private int bytes;

    /// <summary>Empty and mutable.</summary>
    public Fields() => entries = [];

    private Fields(List<(string Name, byte[] Value)> entries, int bytes, bool isImmutable)
    {
        this.entries = entries;
        this.bytes = bytes;
        IsImmutable = isImmutable;
    }

    /// <summary>Whether changes are refused.</summary>
    public bool IsImmutable { get; private set; }

    public int Count => entries.Count;

    /// <summary>Fields of a message that came in: immutable, names in lower case, without those that guests may not set: what they copy stays sendable.</summary>
    /// <exception cref="FieldsTooLargeException">More than fields may have.</exception>
    public static Fields OfMessage(IEnumerable<(string Name, byte[] Value)> received)
    {
        var fields = new Fields();
        foreach ((string name, byte[] value) in received)
        {
            if (HttpSyntax.IsForbidden(name)) continue;
            if (!fields.TryAdd(name.ToLowerInvariant(), value)) throw new FieldsTooLargeException();
        }

        fields.IsImmutable = true;
        return fields;
    }

    /// <summary><c>from-list</c>.</summary>
    public static Result<Fields, HeaderError> FromList((string Name, byte[] Value)[] entries)
    {
        var fields = new Fields();
        foreach ((string name, byte[] value) in entries)
        {
            Result<Unit, HeaderError> added = fields.Append(name, value);
            if (added.IsError) return added.Error;
        }

        return fields;
    }

    /// <summary><c>get</c>: the values of a name, in order.</summary>
    public byte[][] Get(string name) => [.. entries.Where(entry => IsSame(entry.Name, name)).Select(entry => entry.Value)];

    /// <summary><c>has</c>.</summary>
    public bool Has(string name) => entries.Exists(entry => IsSame(entry.Name, name));

    /// <summary><c>set</c>: these values and no others.</summary>
    public Result<Unit, HeaderError> Set(string name, byte[][] values)
    {
        if (Check(name) is { } error) return error;
        if (!Array.TrueForAll(values, value => HttpSyntax.IsFieldValue(value))) return HeaderError.InvalidSyntax;
        Remove(name);
        foreach (byte[] value in values) Add(name, value);
        return default(Unit);
    }

    /// <summary><c>delete</c>.</summary>
    public Result<Unit, HeaderError> Delete(string name)
    {
        if (Check(name) is { } error) return error;
        Remove(name);
        return default(Unit);
    }

    /// <summary><c>append</c>.</summary>
    public Result<Unit, HeaderError> Append(string name, ReadOnlySpan<byte> value)
    {
        if (Check(name) is { } error) return error;
        if (!HttpSyntax.IsFieldValue(value)) return HeaderError.InvalidSyntax;
        Add(name, value.ToArray());
        return default(Unit);
    }

    /// <summary><c>entries</c>.</summary>
    public (string Name, byte[] Value)[] Entries() => [.. entries];

    /// <summary><c>clone</c>: a mutable copy.</summary>
    public Fields Clone() => new([.. entries], bytes, isImmutable: false);

    /// <summary>The same fields, for a guest to read.</summary>
    internal Fields View() => new(entries, bytes, isImmutable: true);

    /// <summary>From here on they belong to a message.</summary>
    internal void Freeze() => IsImmutable = true;

    /// <summary>The values of a name as text, one character a byte.</summary>
    internal IEnumerable<string> Texts(string name) => Get(name).Select(System.Text.Encoding.Latin1.GetString);

    private static bool IsSame(string one, string other) => one.Equals(other, StringComparison.OrdinalIgnoreCase);

    private HeaderError? Check(string name) =>
        IsImmutable ? HeaderError.Immutable
        : !HttpSyntax.IsFieldName(name) ? HeaderError.InvalidSyntax
        : HttpSyntax.IsForbidden(name) ? HeaderError.Forbidden
        : null;

    private void Add(string name, byte[] value)
    {
        // header-error has no case for it.
        if (!TryAdd(name, value)) throw new ComponentTrapException($"fields of more than {MostEntries} entries or {MostBytes} bytes");
    }

    private bool TryAdd(string name, byte[] value)
    {
        if (entries.Count == MostEntries || value.Length > MostBytes - bytes - name.Length) return false;
        bytes += name.Length + value.Length;
        entries.Add((name, value));
        return true;
    }

    private void Remove(string name)
    {
        foreach ((string found, byte[] value) in entries)
        {
            if (IsSame(found, name)) bytes -= found.Length + value.Length;
        }

        entries.RemoveAll(entry => IsSame(entry.Name, name));
    }
}

/// <summary>A message has more headers or trailers than fields may have.</summary>
public sealed class FieldsTooLargeException() : Exception($"more than {Fields.MostEntries} header fields or {Fields.MostBytes} bytes of them");
