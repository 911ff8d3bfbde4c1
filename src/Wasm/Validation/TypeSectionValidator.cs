using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>Validates the type definitions of a module and gives them ids (core specification, "Validation / Types").</summary>
/// <param name="context">The module; receives the ids.</param>
internal sealed class TypeSectionValidator(ModuleContext context)
{
    private readonly Module module = context.Module;
    private readonly byte[] depths = new byte[context.Module.Types.Length];

    public void Validate()
    {
        foreach (RecursiveGroup group in module.TypeGroups)
        {
            int end = (int)group.FirstIndex + group.Types.Length;
            // Indices first: the ids of a group can only be told where all its references lead somewhere.
            for (int i = (int)group.FirstIndex; i < end; i++) CheckReferences(i, end);
            context.Registry.InternGroup(module, group, context.CanonicalIds);
            for (int i = (int)group.FirstIndex; i < end; i++) CheckSupertype(i);
        }
    }

    private void CheckReferences(int index, int end)
    {
        SubType type = module.Types[index];
        switch (type.Composite)
        {
            case FunctionType function:
                foreach (ValueType parameter in function.Parameters) CheckReference(type, parameter, end);
                foreach (ValueType result in function.Results) CheckReference(type, result, end);
                break;
            case StructType structure:
                foreach (FieldType field in structure.Fields) CheckReference(type, field.Storage, end);
                break;
            case ArrayType array:
                CheckReference(type, array.Element.Storage, end);
                break;
        }

        if (type.Supertypes.Length > 1)
            context.Fail(type.Offset, $"type {index}: expected at most one supertype, found {type.Supertypes.Length}");
        if (type.Supertypes.Length == 0) return;
        uint supertype = type.Supertypes[0];
        if (supertype >= index) context.FailUnknown(type.Offset, "type", supertype, index);
        int depth = depths[supertype] + 1;
        if (depth > ModuleLimits.SubtypingDepth)
            context.Fail(type.Offset, $"type {index}: too many supertypes above it, expected at most {ModuleLimits.SubtypingDepth}");
        depths[index] = (byte)depth;
    }

    private void CheckReference(SubType type, ValueType reference, int end)
    {
        if (reference.IsRef && reference.Heap.IsConcrete && reference.Heap.Index >= end)
            context.FailUnknown(type.Offset, "type", reference.Heap.Index, end);
    }

    private void CheckSupertype(int index)
    {
        SubType type = module.Types[index];
        if (type.Supertypes.Length == 0) return;
        uint above = type.Supertypes[0];
        SubType supertype = module.Types[above];
        if (supertype.Final)
            context.Fail(type.Offset, $"sub type {index} does not match, expected a supertype that is not final, found final type {above}");
        if (Matches(type.Composite, supertype.Composite)) return;
        string expected = ModuleContext.Printable(supertype.Composite.ToString());
        string found = ModuleContext.Printable(type.Composite.ToString());
        context.Fail(type.Offset, $"sub type {index} does not match its supertype {above}, expected {expected}, found {found}");
    }

    private bool Matches(CompositeType sub, CompositeType super)
    {
        switch (sub, super)
        {
            case (FunctionType below, FunctionType above):
                return Matches(above.Parameters, below.Parameters) && Matches(below.Results, above.Results);
            case (StructType below, StructType above):
                if (below.Fields.Length < above.Fields.Length) return false;
                for (int i = 0; i < above.Fields.Length; i++)
                {
                    if (!Matches(below.Fields[i], above.Fields[i])) return false;
                }

                return true;
            case (ArrayType below, ArrayType above):
                return Matches(below.Element, above.Element);
            default:
                return false;
        }
    }

    private bool Matches(ValueType[] sub, ValueType[] super)
    {
        if (sub.Length != super.Length) return false;
        for (int i = 0; i < sub.Length; i++)
        {
            if (!context.Matches(sub[i], super[i])) return false;
        }

        return true;
    }

    // What can be written must match both ways.
    private bool Matches(FieldType sub, FieldType super) =>
        sub.Mutable == super.Mutable && context.Matches(sub.Storage, super.Storage)
        && (!sub.Mutable || context.Matches(super.Storage, sub.Storage));
}
