using Chain.Wasm.Binary;
using Chain.Wasm.Components.Binary;
using Chain.Wasm.Components.Types;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Components.Validation;

/// <summary>Canonical definitions (Component Model, "Canonical ABI / Canonical Definitions").</summary>
internal sealed partial class ValidationPass
{
    private static readonly ValueType[] None = [];
    private static readonly ValueType[] One = [ValueType.I32];
    private static readonly ValueType[] Two = [ValueType.I32, ValueType.I32];
    private static readonly ValueType[] Three = [ValueType.I32, ValueType.I32, ValueType.I32];
    private static readonly ValueType[] Four = [ValueType.I32, ValueType.I32, ValueType.I32, ValueType.I32];

    private void Define(CanonDefinition canon)
    {
        long at = canon.Offset;
        switch (canon.Kind)
        {
            case CanonKind.Lift: Lift(canon); break;
            case CanonKind.Lower: Lower(canon); break;
            case CanonKind.ResourceNew or CanonKind.ResourceRep:
                ResourceType resource = Resource(canon.Type, at);
                if (!scope.LocalResources.Contains(resource.Identity)) Fail(at, $"type index {canon.Type} is not a local resource");
                AddCoreFunc(One, One);
                break;
            case CanonKind.ResourceDrop:
                Resource(canon.Type, at);
                AddCoreFunc(One, None);
                break;
            case CanonKind.TaskReturn: TaskReturn(canon); break;
            case CanonKind.ContextGet or CanonKind.ContextSet:
                if (canon.CoreType != ValueType.I32) Fail(at, $"expected a context slot of type i32, found {canon.CoreType}");
                if (canon.Target > 1) Fail(at, $"expected context slot 0 or 1, found {canon.Target}");
                if (canon.Kind == CanonKind.ContextGet) AddCoreFunc(None, One);
                else AddCoreFunc(One, None);
                break;
            case CanonKind.TaskCancel or CanonKind.BackpressureInc or CanonKind.BackpressureDec:
                AddCoreFunc(None, None);
                break;
            case CanonKind.SubtaskCancel: AddCoreFunc(One, One); break;
            case CanonKind.SubtaskDrop or CanonKind.WaitableSetDrop or CanonKind.ErrorContextDrop or CanonKind.ThreadResumeLater:
                AddCoreFunc(One, None);
                break;
            case CanonKind.StreamNew:
                TypeAt<StreamType>(canon.Type, "a stream type", at);
                AddCoreFunc(None, [ValueType.I64]);
                break;
            case CanonKind.FutureNew:
                TypeAt<FutureType>(canon.Type, "a future type", at);
                AddCoreFunc(None, [ValueType.I64]);
                break;
            case CanonKind.StreamRead or CanonKind.StreamWrite:
                Copy(canon, TypeAt<StreamType>(canon.Type, "a stream type", at).Element, canon.Kind == CanonKind.StreamRead);
                AddCoreFunc(Three, One);
                break;
            case CanonKind.FutureRead or CanonKind.FutureWrite:
                Copy(canon, TypeAt<FutureType>(canon.Type, "a future type", at).Element, canon.Kind == CanonKind.FutureRead);
                AddCoreFunc(Two, One);
                break;
            case CanonKind.StreamCancelRead or CanonKind.StreamCancelWrite:
                TypeAt<StreamType>(canon.Type, "a stream type", at);
                AddCoreFunc(One, One);
                break;
            case CanonKind.FutureCancelRead or CanonKind.FutureCancelWrite:
                TypeAt<FutureType>(canon.Type, "a future type", at);
                AddCoreFunc(One, One);
                break;
            case CanonKind.StreamDropReadable or CanonKind.StreamDropWritable:
                TypeAt<StreamType>(canon.Type, "a stream type", at);
                AddCoreFunc(One, None);
                break;
            case CanonKind.FutureDropReadable or CanonKind.FutureDropWritable:
                TypeAt<FutureType>(canon.Type, "a future type", at);
                AddCoreFunc(One, None);
                break;
            case CanonKind.ErrorContextNew or CanonKind.ErrorContextDebugMessage:
                CanonOptions options = CheckOptions(canon);
                Forbid(options.IsAsync || options.PostReturn is not null, canon, "async and post-return");
                Require(options.Memory is not null, canon, "memory");
                Require(canon.Kind == CanonKind.ErrorContextNew || options.Realloc is not null, canon, "realloc");
                if (canon.Kind == CanonKind.ErrorContextNew) AddCoreFunc(Two, One);
                else AddCoreFunc(Two, None);
                break;
            case CanonKind.WaitableSetNew or CanonKind.ThreadIndex: AddCoreFunc(None, One); break;
            case CanonKind.WaitableSetWait or CanonKind.WaitableSetPoll:
                CheckMemory(canon.Target, at);
                AddCoreFunc(Two, One);
                break;
            case CanonKind.WaitableJoin: AddCoreFunc(Two, None); break;
            case CanonKind.ThreadNewIndirect: NewThread(canon); break;
            case CanonKind.ThreadSuspend or CanonKind.ThreadYield: AddCoreFunc(None, One); break;
            case CanonKind.ThreadSuspendThenResume or CanonKind.ThreadYieldThenResume
                or CanonKind.ThreadSuspendThenPromote or CanonKind.ThreadYieldThenPromote:
                AddCoreFunc(One, One);
                break;
            default:
                Fail(at, $"{canon.Kind} needs shared-everything threads, which are not supported");
                break;
        }
    }

    private void AddCoreFunc(ValueType[] parameters, ValueType[] results) =>
        scope.CoreFuncs.Add(registry.InternFunction(new FunctionType(parameters, results)));

    private void Lift(CanonDefinition canon)
    {
        long at = canon.Offset;
        FuncType type = TypeAt<FuncType>(canon.Type, "a function type", at);
        budget.Spend(type.Size);
        int callee = At(scope.CoreFuncs, canon.Function, "core function", at);
        CanonOptions options = CheckOptions(canon);
        if (options.IsAsync && !type.IsAsync) Fail(at, "the async canonical option requires an async function type");
        if (options.IsAsync && options.PostReturn is not null) Fail(at, "canonical option post-return cannot be used with async");
        Require(options.Callback is null || options.IsAsync, canon, "async (by callback)");
        List<ValueType>? parameters = Flattening.Flatten(type.Parameters);
        List<ValueType>? results = Flattening.Flatten(type.Result);
        int most = options.IsAsync ? Flattening.MaxParameters : Flattening.MaxResults;
        bool resultsInMemory = results is null || results.Count > most;
        bool pointerParameters = type.Parameters.Any(parameter => parameter.Type.HasPointer);
        bool usesMemory = pointerParameters || parameters is null || resultsInMemory || type.Result is { HasPointer: true };
        Require(!usesMemory || options.Memory is not null, canon, "memory");
        Require(!(pointerParameters || parameters is null) || options.Realloc is not null, canon, "realloc");
        ValueType[] coreParameters = parameters?.ToArray() ?? One;
        ValueType[] coreResults = options.IsAsync
            ? options.Callback is null ? None : One
            : resultsInMemory ? One : [.. results!];
        if (!IsFunction(callee, coreParameters, coreResults))
        {
            Fail(at, $"core function {canon.Function} has type {registry.Get(callee).Composite}; "
                + $"its lifted type wants {new FunctionType(coreParameters, coreResults)}");
        }

        if (options.PostReturn is { } postReturn && !IsFunction(At(scope.CoreFuncs, postReturn, "core function", at), coreResults, None))
            Fail(at, "canonical option post-return uses a core function with an incorrect signature");
        scope.Funcs.Add(type);
    }

    private void Lower(CanonDefinition canon)
    {
        long at = canon.Offset;
        FuncType type = At(scope.Funcs, canon.Function, "function", at);
        budget.Spend(type.Size);
        CanonOptions options = CheckOptions(canon);
        if (options.IsAsync && !type.IsAsync) Fail(at, "the async canonical option requires an async function type");
        if (options.PostReturn is not null) Fail(at, "canonical option post-return cannot be specified for lowerings");
        if (options.Callback is not null) Fail(at, "canonical option callback cannot be specified for lowerings");
        int most = options.IsAsync ? Flattening.MaxAsyncParameters : Flattening.MaxParameters;
        List<ValueType>? parameters = Flattening.Flatten(type.Parameters);
        if (parameters?.Count > most) parameters = null;
        List<ValueType>? results = Flattening.Flatten(type.Result);
        bool resultsInMemory = options.IsAsync ? results is not { Count: 0 } : results is null || results.Count > Flattening.MaxResults;
        bool pointerResult = type.Result is { HasPointer: true };
        bool usesMemory = parameters is null || resultsInMemory || pointerResult || type.Parameters.Any(parameter => parameter.Type.HasPointer);
        Require(!usesMemory || options.Memory is not null, canon, "memory");
        Require(!pointerResult || options.Realloc is not null, canon, "realloc");
        List<ValueType> coreParameters = parameters ?? [ValueType.I32];
        if (resultsInMemory) coreParameters.Add(ValueType.I32);
        AddCoreFunc([.. coreParameters], options.IsAsync ? One : resultsInMemory ? None : [.. results!]);
    }

    private void TaskReturn(CanonDefinition canon)
    {
        ValType? result = Value(canon.Result, canon.Offset);
        budget.Spend(result?.Size ?? 0);
        if (result is { HasBorrow: true }) Fail(canon.Offset, "a result cannot contain a borrow type");
        CanonOptions options = CheckOptions(canon);
        Forbid(options.IsAsync || options.Realloc is not null || options.PostReturn is not null || options.Callback is not null, canon,
            "options other than memory and string-encoding");
        List<ValueType>? flat = Flattening.Flatten(result);
        Require(!(flat is null || result is { HasPointer: true }) || options.Memory is not null, canon, "memory");
        AddCoreFunc(flat?.ToArray() ?? One, None);
    }

    // Reading lowers values into the reader's memory, so it allocates there.
    private void Copy(CanonDefinition canon, ValType? element, bool isRead)
    {
        CanonOptions options = CheckOptions(canon);
        Forbid(options.PostReturn is not null || options.Callback is not null, canon, "post-return and callback");
        if (element is null) return;
        Require(options.Memory is not null, canon, "memory");
        Require(!isRead || !element.HasPointer || options.Realloc is not null, canon, "realloc");
    }

    private void NewThread(CanonDefinition canon)
    {
        CoreType type = At(scope.CoreTypes, canon.Function, "core type", canon.Offset);
        if (type.Module is not null || !IsFunction(type.Id, One, None)) Fail(canon.Offset, "a thread must start with a (func (param i32))");
        TableType table = At(scope.CoreTables, canon.Target, "core table", canon.Offset);
        if (!registry.Matches(table.Element, ValueType.FuncRef) || table.Limits.Is64)
            Fail(canon.Offset, $"a thread must start from a table of funcref with 32-bit indices, found {table}");
        AddCoreFunc(Two, One);
    }

    private CanonOptions CheckOptions(CanonDefinition canon)
    {
        long at = canon.Offset;
        var options = new CanonOptions();
        int seen = 0;
        foreach (CanonOption option in canon.Options)
        {
            // The three encodings are one option.
            int bit = option.Kind <= CanonOptionKind.Latin1Utf16 ? 1 : 1 << (int)option.Kind;
            if ((seen & bit) != 0) Fail(at, $"canonical option {Name(option.Kind)} is specified more than once or conflicts with another");
            seen |= bit;
            switch (option.Kind)
            {
                case CanonOptionKind.Memory:
                    CheckMemory(option.Index, at);
                    options.Memory = option.Index;
                    break;
                case CanonOptionKind.Realloc:
                    CheckOption(option, Four, One, at);
                    options.Realloc = option.Index;
                    break;
                case CanonOptionKind.PostReturn:
                    At(scope.CoreFuncs, option.Index, "core function", at);
                    options.PostReturn = option.Index;
                    break;
                case CanonOptionKind.Async: options.IsAsync = true; break;
                case CanonOptionKind.Callback:
                    CheckOption(option, Three, One, at);
                    options.Callback = option.Index;
                    break;
            }
        }

        if (options.Realloc is not null && options.Memory is null) Fail(at, "canonical option realloc requires memory to also be specified");
        return options;
    }

    private void CheckOption(CanonOption option, ValueType[] parameters, ValueType[] results, long at)
    {
        if (!IsFunction(At(scope.CoreFuncs, option.Index, "core function", at), parameters, results))
        {
            Fail(at, $"canonical option {Name(option.Kind)} uses a core function with an incorrect signature, "
                + $"expected {new FunctionType(parameters, results)}");
        }
    }

    private void CheckMemory(uint index, long at)
    {
        MemoryType memory = At(scope.CoreMemories, index, "memory", at);
        if (memory.Limits.Is64) Fail(at, $"expected memory {index} to have 32-bit addresses");
    }

    private void Require(bool isMet, CanonDefinition canon, string option)
    {
        if (!isMet) Fail(canon.Offset, $"canonical option {option} is required for {canon.Kind}");
    }

    private void Forbid(bool isBroken, CanonDefinition canon, string options)
    {
        if (isBroken) Fail(canon.Offset, $"{canon.Kind} does not take {options}");
    }

    private static string Name(CanonOptionKind kind) => kind switch
    {
        CanonOptionKind.PostReturn => "post-return",
        CanonOptionKind.Latin1Utf16 => "latin1+utf16",
        _ => kind.ToString().ToLowerInvariant(),
    };

    /// <summary>The options of a canonical definition by their core indices.</summary>
    private sealed class CanonOptions
    {
        public uint? Memory { get; set; }

        public uint? Realloc { get; set; }

        public uint? PostReturn { get; set; }

        public uint? Callback { get; set; }

        public bool IsAsync { get; set; }
    }
}
