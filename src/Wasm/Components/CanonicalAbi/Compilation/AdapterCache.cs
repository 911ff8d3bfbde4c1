using System.Collections.Concurrent;
using System.Reflection.Emit;
using Chain.Wasm.Components.Runtime;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.CanonicalAbi.Compilation;

/// <summary>
/// The generated calls of a process, for all its stores. It is emptied where it becomes too large: strangers' components can bring any number of function
/// types, and code that nobody holds any more is collected. Safe for any thread.
/// </summary>
internal sealed class AdapterCache<TKey>
    where TKey : notnull
{
    /// <summary>The most value types in a function type; code for more would take the JIT seconds.</summary>
    private const int MaxTypes = 4_000;

    private const int MaxWeight = 50_000;
    private const long MaxTotalWeight = 500_000;

    private readonly ConcurrentDictionary<TKey, DynamicMethod> known = new();
    private long total;

    /// <exception cref="WasmLimitException">The function's type is too large.</exception>
    public DynamicMethod GetOrAdd(TKey key, FunctionShape shape, Func<DynamicMethod> make)
    {
        if (known.TryGetValue(key, out DynamicMethod? found)) return found;
        if (shape.Type.Size > MaxTypes)
            throw new WasmLimitException($"a function's type consists of {shape.Type.Size} value types, expected at most {MaxTypes} to call it");
        if (shape.Weight > MaxWeight)
            throw new WasmLimitException($"a function's type has {shape.Weight} types, fields, cases and labels, expected at most {MaxWeight} to call it");
        if (Interlocked.Add(ref total, shape.Weight + 1) > MaxTotalWeight)
        {
            known.Clear();
            Interlocked.Exchange(ref total, shape.Weight + 1);
        }

        return known.GetOrAdd(key, make());
    }
}
