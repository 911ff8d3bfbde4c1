using System.Reflection;
using System.Reflection.Emit;
using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Calls. A function emitted together with this one is called directly; another of the module through the code table; an import, a table's
/// element or a reference through the function object.
/// </summary>
internal sealed partial class FunctionEmitter
{
    private LocalBuilder? calledFunction;

    private LocalBuilder CalledFunction => calledFunction ??= il.DeclareLocal(typeof(ManagedFunction));

    private void EmitCall(in Instruction ins)
    {
        switch (ins.Opcode)
        {
            case Opcode.Call or Opcode.ReturnCall:
                EmitDirectCall(ins.Index, ins.Opcode == Opcode.ReturnCall);
                break;
            case Opcode.CallIndirect or Opcode.ReturnCallIndirect:
                LoadTableFunction(ins.Index2);
                CheckFunctionType(ins.Index);
                EmitFunctionCall(ins.Index, ins.Opcode == Opcode.ReturnCallIndirect);
                break;
            case Opcode.CallRef or Opcode.ReturnCallRef:
                Take(1);
                il.Store(CalledFunction);
                SpillStack();
                il.Load(CalledFunction);
                TrapIf(OpCodes.Brfalse, OpCodes.Brtrue, nameof(Trap.MakeNullFunctionReference));
                EmitFunctionCall(ins.Index, ins.Opcode == Opcode.ReturnCallRef);
                break;
            default:
                throw new InvalidOperationException($"no code for {ins.Opcode}");
        }
    }

    private void EmitDirectCall(uint function, bool isTail)
    {
        uint type = context.FunctionTypes[function];
        if (function < context.Module.ImportCount(ExternalKind.Function))
        {
            LoadInstance();
            il.Field(OpCodes.Ldfld, Members.ImportedFunctions);
            il.Constant((int)function);
            il.Emit(OpCodes.Ldelem_Ref);
            il.Store(CalledFunction);
            EmitFunctionCall(type, isTail);
            return;
        }

        ClrSignature callee = code.SignatureOf(type);
        MethodInfo? method = code.MethodOf(function);
        EmitCall(callee, isTail, () =>
        {
            LoadInstance();
            if (method is not null) return;
            LoadInstance();
            il.Constant((int)function);
            il.Field(OpCodes.Stfld, Members.PendingCall);
            LoadInstance();
            il.Field(OpCodes.Ldfld, Members.CodeTable);
            il.Constant(((int)function - context.Module.ImportCount(ExternalKind.Function)) * 8);
            il.Emit(OpCodes.Add);
            il.Emit(OpCodes.Ldind_I);
        }, method);
    }

    /// <summary>Loads the function that the top operand selects from a table.</summary>
    private void LoadTableFunction(uint table)
    {
        Operand index = Pop();
        if (index.Home == Home.Stack)
        {
            il.Store(Slot(height, index.Kind));
            index = index with { Home = Home.Slot };
        }

        // The array's own check is the check of the table's bounds.
        LoadInstance();
        il.Field(OpCodes.Ldfld, Members.Tables);
        il.Constant((int)table);
        il.Emit(OpCodes.Ldelem_Ref);
        il.Field(OpCodes.Ldfld, Members.TableElements);
        Load(index, height);
        if (index.Kind == SlotKind.I64) il.Emit(OpCodes.Conv_U);
        il.Emit(OpCodes.Ldelem_Ref);
        il.Store(CalledFunction);
    }

    // Reading the type of a null element is the check for null.
    private void CheckFunctionType(uint type)
    {
        SpillStack();
        il.Load(CalledFunction);
        il.Field(OpCodes.Ldfld, Members.FunctionTypeId);
        LoadTypeId(type);
        InCold(OpCodes.Bne_Un, OpCodes.Beq, () =>
        {
            il.Load(CalledFunction);
            LoadInstance();
            LoadTypeId(type);
            il.Call(Members.Method(typeof(ReferenceOperations), nameof(ReferenceOperations.CheckSubtype)));
        });
    }

    private void LoadTypeId(uint type)
    {
        LoadInstance();
        il.Field(OpCodes.Ldfld, Members.TypeIds);
        il.Constant((int)type * 4);
        il.Emit(OpCodes.Add);
        il.Emit(OpCodes.Ldind_I4);
    }

    private void EmitFunctionCall(uint type, bool isTail) => EmitCall(code.SignatureOf(type), isTail, () =>
    {
        il.Load(CalledFunction);
        il.Field(OpCodes.Ldfld, Members.FunctionTarget);
        il.Load(CalledFunction);
        il.Field(OpCodes.Ldfld, Members.FunctionCode);
    }, null);

    private void EmitCall(ClrSignature callee, bool isTail, Action loadTarget, MethodInfo? method)
    {
        int arguments = callee.Parameters.Length;
        if (isTail)
        {
            EmitTailCall(callee, loadTarget, method);
            return;
        }

        Prepare(arguments);
        loadTarget();
        if (method is not null) il.Call(method);
        else il.CallIndirect(callee.ReturnType, callee.ParameterTypes);
        Pop(arguments);
        if (callee.Results.Length > 0) PushStack(callee.Results[0]);
        if (callee.Results.Length > 1)
        {
            // The next call will overwrite them.
            SpillStack();
            for (int i = 1; i < callee.Results.Length; i++)
            {
                LoadExtraResult(i, callee.Results[i]);
                PushStack(callee.Results[i]);
                MoveToSlot(height - 1);
            }
        }

        ReadBounds();
    }

    private void EmitTailCall(ClrSignature callee, Action loadTarget, MethodInfo? method)
    {
        SpillStack();
        int arguments = callee.Parameters.Length;
        var values = new Operand[arguments];
        int first = height - arguments;
        for (int i = 0; i < arguments; i++) values[i] = operands[first + i];
        void Emit()
        {
            for (int i = 0; i < arguments; i++) Load(values[i], first + i);
            loadTarget();
            il.Emit(OpCodes.Tailcall);
            if (method is not null) il.Call(method);
            else il.CallIndirect(callee.ReturnType, callee.ParameterTypes);
            il.Emit(OpCodes.Ret);
        }

        if (tryDepth == 0)
        {
            Emit();
        }
        else
        {
            // The callee runs outside of the handlers around this call.
            Label outside = il.DefineLabel();
            il.Branch(OpCodes.Leave, outside);
            deferred.Add(() =>
            {
                il.Mark(outside);
                Emit();
            });
        }

        isUnreachable = true;
    }

    private void EmitThrow(in Instruction ins)
    {
        if (ins.Opcode == Opcode.ThrowRef)
        {
            Take(1);
            il.Call(Members.Method(typeof(ReferenceOperations), nameof(ReferenceOperations.Thrown)));
            il.Emit(OpCodes.Throw);
            SpillNothingLeft();
            return;
        }

        SlotKind[] kinds = code.SignatureOf(context.TagTypes[ins.Index]).Parameters;
        SpillStack();
        int first = height - kinds.Length;
        LoadInstance();
        il.Constant((int)ins.Index);
        il.Constant(kinds.Length);
        il.OfType(OpCodes.Newarr, typeof(Value));
        for (int i = 0; i < kinds.Length; i++)
        {
            il.Emit(OpCodes.Dup);
            il.Constant(i);
            Load(first + i);
            il.Call(AdapterFactory.MakerOf(kinds[i]));
            il.OfType(OpCodes.Stelem, typeof(Value));
        }

        il.Call(Members.MakeException);
        il.Emit(OpCodes.Throw);
    }

    // What lies below an instruction that ends the path is lost with it.
    private void SpillNothingLeft()
    {
        for (int i = 0; i < height; i++)
        {
            if (operands[i].Home == Home.Stack) operands[i] = operands[i] with { Home = Home.Slot };
        }

        onStack = 0;
    }

    private void CloseTry(Frame frame, bool fallsThrough)
    {
        tryDepth--;
        LocalBuilder exception = il.DeclareLocal(typeof(WasmGuestException));
        Label dispatch = il.DefineLabel();
        il.BeginCatch(typeof(WasmGuestException));
        il.Store(exception);
        il.Branch(OpCodes.Leave, dispatch);
        il.EndTry();
        if (fallsThrough)
        {
            frame.IsTargeted = true;
            il.Branch(OpCodes.Br, frame.Target);
        }

        il.Mark(dispatch);
        while (height > frame.Base) Pop();
        foreach (CatchClause clause in frame.Catches) EmitCatch(clause, exception);
        il.Load(exception);
        il.Emit(OpCodes.Throw);
    }

    private void EmitCatch(CatchClause clause, LocalBuilder exception)
    {
        int before = height;
        Label? next = null;
        if (clause.HasTag)
        {
            next = il.DefineLabel();
            il.Load(exception);
            LoadInstance();
            il.Constant((int)clause.TagIndex);
            il.Call(Members.HasTag);
            il.Branch(OpCodes.Brfalse, next.Value);
            SlotKind[] kinds = code.SignatureOf(context.TagTypes[clause.TagIndex]).Parameters;
            for (int i = 0; i < kinds.Length; i++)
            {
                il.Load(exception);
                il.Constant(i);
                il.Call(Members.ExceptionValue);
                LocalBuilder value = ExceptionValueLocal;
                il.Store(value);
                il.LoadAddress(value);
                il.Call(typeof(Value).GetProperty(AdapterFactory.GetterOf(kinds[i]))!.GetMethod!);
                PushStack(kinds[i]);
                MoveToSlot(height - 1);
            }
        }

        if (clause.HasReference)
        {
            il.Load(exception);
            PushStack(SlotKind.Ref);
            MoveToSlot(height - 1);
        }

        EmitBranch(clause.Label);
        while (height > before) Pop();
        if (next is { } label) il.Mark(label);
    }

    private LocalBuilder? exceptionValue;

    private LocalBuilder ExceptionValueLocal => exceptionValue ??= il.DeclareLocal(typeof(Value));
}
