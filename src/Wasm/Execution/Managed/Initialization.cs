using Chain.Wasm.Binary;
using Chain.Wasm.Execution.Managed.Runtime;

namespace Chain.Wasm.Execution.Managed;

/// <summary>
/// The second half of instantiation (core specification, "Execution / Modules / Instantiation"): globals, tables, segments, start.
/// </summary>
internal static class Initialization
{
    /// <exception cref="WasmTrapException">A segment does not fit, or the start function trapped.</exception>
    public static void Run(ManagedInstance instance)
    {
        Module module = instance.OwnCode.Module;
        var evaluator = new ConstantEvaluator(instance);
        int firstGlobal = module.ImportCount(ExternalKind.Global);
        for (int i = 0; i < module.Globals.Length; i++)
            instance.GlobalObjects[firstGlobal + i].Initialize(evaluator.Evaluate(module.Globals[i].Initializer));

        int firstTable = module.ImportCount(ExternalKind.Table);
        for (int i = 0; i < module.Tables.Length; i++)
        {
            if (module.Tables[i].Initializer is { } initializer)
                Array.Fill(instance.Tables[firstTable + i].Elements, evaluator.Evaluate(initializer).Reference);
        }

        WriteElements(instance, module, evaluator);
        WriteData(instance, module, evaluator);
        if (module.Start is { } start) instance.Function((int)start).Invoke();
    }

    /// <summary>The elements of a segment as references.</summary>
    public static object?[] EvaluateElements(ManagedInstance instance, ElementSegment segment)
    {
        var items = new object?[segment.Count];
        if (segment.FunctionIndices is { } functions)
        {
            for (int i = 0; i < items.Length; i++) items[i] = instance.Function((int)functions[i]);
        }
        else
        {
            var evaluator = new ConstantEvaluator(instance);
            for (int i = 0; i < items.Length; i++) items[i] = evaluator.Evaluate(segment.Expressions![i]).Reference;
        }

        return items;
    }

    private static void WriteElements(ManagedInstance instance, Module module, ConstantEvaluator evaluator)
    {
        // A passive segment's expressions are evaluated now too: they may make objects, and must see the globals as they are now.
        for (int i = 0; i < module.Elements.Length; i++)
        {
            ElementSegment segment = module.Elements[i];
            if (segment.Mode == SegmentMode.Declarative)
            {
                instance.Elements[i] = [];
            }
            else if (segment.Mode == SegmentMode.Active || segment.Expressions is not null)
            {
                instance.Elements[i] = EvaluateElements(instance, segment);
            }
        }

        for (int i = 0; i < module.Elements.Length; i++)
        {
            ElementSegment segment = module.Elements[i];
            if (segment.Mode != SegmentMode.Active) continue;
            ulong offset = Address(evaluator.Evaluate(segment.TableOffset!.Value));
            BulkOperations.TableInit(instance, i, (int)segment.TableIndex, offset, 0, (ulong)segment.Count);
            instance.Elements[i] = [];
        }
    }

    private static void WriteData(ManagedInstance instance, Module module, ConstantEvaluator evaluator)
    {
        for (int i = 0; i < module.Data.Length; i++)
        {
            DataSegment segment = module.Data[i];
            if (segment.Mode != SegmentMode.Active) continue;
            if (!instance.Memories[segment.MemoryIndex].HasImage)
            {
                ulong offset = Address(evaluator.Evaluate(segment.MemoryOffset!.Value));
                BulkOperations.MemoryInit(instance, i, (int)segment.MemoryIndex, offset, 0, (ulong)segment.Content.Length);
            }

            instance.DroppedData[i] = true;
        }
    }

    private static ulong Address(Value value) => value.Kind == ValueKind.I32 ? (uint)value.I32 : (ulong)value.I64;
}
