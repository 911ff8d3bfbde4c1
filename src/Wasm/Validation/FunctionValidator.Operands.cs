using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <content>The operand stack, the control stack, and what is said where they do not fit.</content>
internal sealed partial class FunctionValidator
{
    private static readonly ValueType[][] SingleTypes = BuildSingleTypes();
    private readonly Dictionary<ValueType, ValueType[]> singleReferences = [];

    private ValueType[] stack = new ValueType[64];
    private int height;
    private ControlFrame[] frames = new ControlFrame[16];
    private int frameCount;

    // Of the innermost frame: the operands below it, and whether its rest cannot be reached.
    private int floor;
    private bool unreachable;

    // Where the instruction at hand begins in the module.
    private long at;

    /// <summary>The operands on the stack of the whole function.</summary>
    public int Height => height;

    /// <summary>Whether the rest of the innermost block cannot be reached.</summary>
    public bool IsUnreachable => unreachable;

    /// <summary>The open blocks, the function itself among them; zero once its last <c>end</c> has been applied.</summary>
    public int FrameCount => frameCount;

    /// <summary>An open block by its label: 0 is the innermost.</summary>
    public ref readonly ControlFrame Frame(int label) => ref frames[frameCount - 1 - label];

    /// <summary>
    /// The type of an operand, counted from the top of the stack; the bottom type where unreachable code may have any, or where
    /// there is none. Unreachable code can also have a reference to the bottom heap type.
    /// </summary>
    public ValueType Peek(int depth = 0)
    {
        int index = height - 1 - depth;
        return index < 0 || (unreachable && index < floor) ? ValueType.Bottom : stack[index];
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private void Push(ValueType type)
    {
        if (height == stack.Length) GrowStack();
        stack[height++] = type;
    }

    private void Push(ReadOnlySpan<ValueType> types)
    {
        if (types.Length <= stack.Length - height)
        {
            types.CopyTo(stack.AsSpan(height));
            height += types.Length;
            return;
        }

        foreach (ValueType type in types) Push(type);
    }

    /// <summary>Pops an operand that must match a type, and gives the type that it has.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private ValueType Pop(ValueType expected)
    {
        if (height > floor && stack[height - 1] == expected)
        {
            height--;
            return expected;
        }

        return PopOther(expected);
    }

    private ValueType PopOther(ValueType expected)
    {
        if (height == floor)
        {
            if (unreachable) return ValueType.Bottom;
            FailMismatch(expected.ToString(), "no operand");
        }

        ValueType found = stack[height - 1];
        if (!context.Matches(found, expected)) FailMismatch(expected, found);
        height--;
        return found;
    }

    private ValueType PopAny()
    {
        if (height > floor) return stack[--height];
        if (!unreachable) FailMismatch("an operand", "none");
        return ValueType.Bottom;
    }

    /// <summary>Pops any reference; unreachable code gives one to the bottom heap type.</summary>
    private ValueType PopReference()
    {
        ValueType found = PopAny();
        if (found.IsBottom) return ValueType.Ref(HeapType.Bottom, false);
        if (!found.IsRef) FailMismatch("a reference", found.ToString());
        return found;
    }

    private void Pop(ReadOnlySpan<ValueType> types)
    {
        // A block or call can take a thousand operands, in two bytes of code.
        if (AreOnTop(types, out int there))
        {
            height -= there;
            return;
        }

        for (int i = types.Length - 1; i >= 0; i--)
        {
            if (height == floor && unreachable) return;
            Pop(types[i]);
        }
    }

    /// <summary>Checks the topmost operands against types, and leaves them as they are.</summary>
    private void CheckTop(ReadOnlySpan<ValueType> types)
    {
        if (AreOnTop(types, out _)) return;
        for (int i = types.Length - 1, index = height - 1; i >= 0; i--, index--)
        {
            if (index < floor)
            {
                if (unreachable) return;
                FailMismatch(types[i].ToString(), "no operand");
            }

            if (!context.Matches(stack[index], types[i])) FailMismatch(types[i], stack[index]);
        }
    }

    private void PushFrame(Opcode opcode, ValueType[] start, ValueType[] end)
    {
        if (frameCount == frames.Length) GrowFrames();
        ref ControlFrame frame = ref frames[frameCount++];
        frame.Opcode = opcode;
        frame.Unreachable = false;
        frame.Height = height;
        frame.StartTypes = start;
        frame.EndTypes = end;
        frame.SetLocals = setLocals.Count;
        frame.CheckedBy = 0;
        floor = height;
        unreachable = false;
        Push(start);
    }

    /// <summary>Ends the reachable part of the innermost frame: its operands must be its results and nothing more.</summary>
    private void PopResults(in ControlFrame frame)
    {
        Pop(frame.EndTypes);
        if (height != floor)
        {
            Fail(at, height - floor == 1
                ? $"type mismatch, expected the end of the operands, found {stack[height - 1]}"
                : $"type mismatch, expected the end of the operands, found {height - floor} more, the last one {stack[height - 1]}");
        }

        UnsetLocals(frame.SetLocals);
    }

    private void PopFrame()
    {
        frameCount--;
        if (frameCount == 0) return;
        ref readonly ControlFrame outer = ref frames[frameCount - 1];
        floor = outer.Height;
        unreachable = outer.Unreachable;
    }

    /// <summary>The rest of the innermost frame cannot be reached: its operands are whatever is wanted.</summary>
    private void SetUnreachable()
    {
        height = floor;
        unreachable = true;
        frames[frameCount - 1].Unreachable = true;
    }

    private void UnsetLocals(int count)
    {
        for (int i = setLocals.Count - 1; i >= count; i--)
        {
            unset[setLocals[i]] = true;
            setLocals.RemoveAt(i);
        }
    }

    private void GrowStack()
    {
        if (height >= ModuleLimits.Operands) Fail(at, $"too many operands on the stack, expected at most {ModuleLimits.Operands}");
        Array.Resize(ref stack, Math.Min(stack.Length * 2, ModuleLimits.Operands));
    }

    private void GrowFrames()
    {
        if (frameCount >= ModuleLimits.BlockDepth)
            Fail(at, $"blocks too deep inside one another, expected at most {ModuleLimits.BlockDepth}");
        Array.Resize(ref frames, Math.Min(frames.Length * 2, ModuleLimits.BlockDepth));
    }

    /// <summary>A list of one type, made once for each type.</summary>
    private ValueType[] SingleType(ValueType type)
    {
        if (!type.IsRef) return SingleTypes[(int)type.Kind];
        if (!singleReferences.TryGetValue(type, out ValueType[]? list)) singleReferences.Add(type, list = [type]);
        return list;
    }

    private static ValueType[][] BuildSingleTypes()
    {
        ValueType[] types = [ValueType.Bottom, ValueType.I32, ValueType.I64, ValueType.F32, ValueType.F64, ValueType.V128];
        var lists = new ValueType[types.Length][];
        for (int i = 0; i < types.Length; i++) lists[(int)types[i].Kind] = [types[i]];
        return lists;
    }

    private bool Matches(ReadOnlySpan<ValueType> sub, ReadOnlySpan<ValueType> super)
    {
        if (sub.Length != super.Length) return false;
        if (AreEqual(sub, super)) return true;
        for (int i = 0; i < sub.Length; i++)
        {
            if (!context.Matches(sub[i], super[i])) return false;
        }

        return true;
    }

    /// <summary>Whether the topmost operands have just these types, the lowest of which unreachable code may make up.</summary>
    /// <param name="types">The types.</param>
    /// <param name="there">How many of them are on the stack.</param>
    private bool AreOnTop(ReadOnlySpan<ValueType> types, out int there)
    {
        there = Math.Min(types.Length, height - floor);
        if (there < types.Length && !unreachable) return false;
        return AreEqual(stack.AsSpan(height - there, there), types[^there..]);
    }

    private static bool AreEqual(ReadOnlySpan<ValueType> one, ReadOnlySpan<ValueType> other) =>
        MemoryMarshal.Cast<ValueType, int>(one).SequenceEqual(MemoryMarshal.Cast<ValueType, int>(other));

    /// <summary>The index of a type in a value type must be one of the module's.</summary>
    private void CheckType(long offset, ValueType type)
    {
        if (type.IsRef && type.Heap.IsConcrete) CheckIndex(offset, "type", type.Heap.Index, module.Types.Length);
    }

    private void CheckIndex(long offset, string what, uint index, int count)
    {
        if (index >= (uint)count) context.FailUnknown(offset, what, index, count, function);
    }

    private void CheckIndex(string what, uint index, int count) => CheckIndex(at, what, index, count);

    [DoesNotReturn]
    private void FailMismatch(ValueType expected, ValueType found) => FailMismatch(expected.ToString(), found.ToString());

    [DoesNotReturn]
    private void FailMismatch(string expected, string found) => Fail(at, $"type mismatch, expected {expected}, found {found}");

    [DoesNotReturn]
    private void Fail(long offset, string what) => context.Fail(offset, what, function);

    [DoesNotReturn]
    private void Fail(string what) => context.Fail(at, what, function);
}
