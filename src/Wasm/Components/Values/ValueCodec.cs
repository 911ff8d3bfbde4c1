using System.Buffers;
using Chain.Wasm.Components.Types;
using Chain.Wasm.Execution;

namespace Chain.Wasm.Components.Values;

/// <summary>
/// A compact binary form of component values, for calls that leave the process. Both sides know the type, so nothing of it is in the bytes:
/// numbers up to 8 bits, booleans and floats as they are (little-endian, any NaN as the canonical one), wider integers and characters as LEB128
/// (signed ones in zigzag), strings as UTF-8 behind their number of bytes, lists and maps behind their number of items (the bytes of a <c>u8</c>'s
/// list together), lists of fixed length without it, variants and enums behind the number of the case, options behind 0 (none) or 1, results behind 0
/// (ok) or 1, flags as the fewest bytes with a bit for each. What has no parts is a zero byte, so that every value takes at least one.
/// Arguments, and the fields of records and tuples, follow one another. Safe for any thread.
/// </summary>
public static class ValueCodec
{
    /// <summary>The bytes that the values of one call may take at most, written and read.</summary>
    public const int MostBytes = 64 * 1024 * 1024;

    /// <summary>What the values of one call may take as trees, in bytes, as estimated: a few bytes can stand for much deeper trees.</summary>
    public const long MostMemory = 512L * 1024 * 1024;

    /// <summary>Whether all arguments of a function, and its result, have this form.</summary>
    public static bool CanCross(FuncType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (type.Result is { IsBound: true }) return false;
        foreach (Parameter parameter in type.Parameters)
        {
            if (parameter.Type.IsBound) return false;
        }

        return true;
    }

    /// <summary>Writes one value.</summary>
    /// <param name="output">Gets the bytes; where an exception is thrown, some of them.</param>
    /// <param name="value">The value.</param>
    /// <param name="type">Its type.</param>
    /// <exception cref="ArgumentException">The value is of another type.</exception>
    /// <exception cref="BoundValueException">The type has a resource, stream, future or error context in it.</exception>
    /// <exception cref="WasmLimitException">It takes more than <see cref="MostBytes"/>.</exception>
    public static void Write(IBufferWriter<byte> output, ComponentValue value, ValType type)
    {
        var writer = new ValueWriter(output);
        writer.Write(value, type);
        writer.Flush();
    }

    /// <summary>Writes the arguments of a call.</summary>
    /// <inheritdoc cref="Write" path="/exception"/>
    public static void WriteArguments(IBufferWriter<byte> output, IReadOnlyList<ComponentValue> arguments, FuncType type)
    {
        ArgumentNullException.ThrowIfNull(arguments);
        ArgumentNullException.ThrowIfNull(type);
        if (arguments.Count != type.Parameters.Count)
            throw new ArgumentException($"expected {type.Parameters.Count} arguments, found {arguments.Count}", nameof(arguments));
        var writer = new ValueWriter(output);
        for (int i = 0; i < arguments.Count; i++) writer.Write(arguments[i], type.Parameters[i].Type);
        writer.Flush();
    }

    /// <summary>Writes the result of a call; no bytes where the function has none.</summary>
    /// <inheritdoc cref="Write" path="/exception"/>
    public static void WriteResult(IBufferWriter<byte> output, ComponentValue? result, FuncType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if ((result is null) != (type.Result is null))
            throw new ArgumentException($"expected {(type.Result is null ? "no result" : "a result")}", nameof(result));
        if (result is not null) Write(output, result, type.Result!);
    }

    /// <summary>Reads one value, which takes all the bytes. They may be anything: a stranger's.</summary>
    /// <exception cref="MalformedValueException">The bytes are no value of the type, or stand for more than <see cref="MostMemory"/>.</exception>
    /// <exception cref="BoundValueException">The type has a resource, stream, future or error context in it.</exception>
    public static ComponentValue Read(ReadOnlySpan<byte> bytes, ValType type)
    {
        var reader = new ValueReader(bytes);
        ComponentValue value = reader.Read(type);
        reader.ExpectEnd();
        return value;
    }

    /// <summary>Reads the arguments of a call.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static ComponentValue[] ReadArguments(ReadOnlySpan<byte> bytes, FuncType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        var reader = new ValueReader(bytes);
        var arguments = new ComponentValue[type.Parameters.Count];
        for (int i = 0; i < arguments.Length; i++) arguments[i] = reader.Read(type.Parameters[i].Type);
        reader.ExpectEnd();
        return arguments;
    }

    /// <summary>Reads the result of a call; <see langword="null"/> where the function has none.</summary>
    /// <inheritdoc cref="Read" path="/exception"/>
    public static ComponentValue? ReadResult(ReadOnlySpan<byte> bytes, FuncType type)
    {
        ArgumentNullException.ThrowIfNull(type);
        if (type.Result is { } result) return Read(bytes, result);
        new ValueReader(bytes).ExpectEnd();
        return null;
    }
}
