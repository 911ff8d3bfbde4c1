using System.Collections;
using Chain.Wasm.Binary;
using ValueType = Chain.Wasm.Binary.ValueType;

namespace Chain.Wasm.Validation;

/// <summary>Validates modules (core specification, "Validation / Modules"): WebAssembly 3.0 without threads. Safe for any thread.</summary>
public static class ModuleValidator
{
    /// <summary>Validates a whole module.</summary>
    /// <param name="module">The module.</param>
    /// <param name="registry">The types of the modules it may link with; a fresh one where it is left out.</param>
    /// <exception cref="InvalidModuleException">The module breaks a rule.</exception>
    /// <exception cref="MalformedModuleException">A function body is not a sequence of instructions.</exception>
    public static ModuleContext Validate(Module module, TypeRegistry? registry = null)
    {
        ModuleContext context = ValidateDeclarations(module, registry ?? new TypeRegistry());
        BodyValidation.Validate(context);
        return context;
    }

    /// <summary>Validates everything but the function bodies, which <see cref="FunctionValidator"/> may do later.</summary>
    /// <exception cref="WasmException">The module breaks a rule, or a constant expression is malformed.</exception>
    internal static ModuleContext ValidateDeclarations(Module module, TypeRegistry registry)
    {
        var context = new ModuleContext(module, registry);
        new Declarations(context).Validate();
        return context;
    }

    private sealed class Declarations(ModuleContext context)
    {
        private readonly Module module = context.Module;
        private readonly FunctionValidator expressions = new(context);

        public void Validate()
        {
            CheckCounts();
            new TypeSectionValidator(context).Validate();
            BuildIndexSpaces();
            context.DeclaredFunctions = new BitArray(context.FunctionTypes.Length);
            ValidateGlobals();
            ValidateTables();
            ValidateElements();
            ValidateData();
            ValidateExports();
            ValidateStart();
        }

        // The reader has checked each section; here imports count too.
        private void CheckCounts()
        {
            CheckCount("functions", ExternalKind.Function, module.Functions.Length, ModuleLimits.Functions, SectionId.Function);
            CheckCount("tables", ExternalKind.Table, module.Tables.Length, ModuleLimits.Tables, SectionId.Table);
            CheckCount("memories", ExternalKind.Memory, module.Memories.Length, ModuleLimits.Memories, SectionId.Memory);
            CheckCount("tags", ExternalKind.Tag, module.Tags.Length, ModuleLimits.Tags, SectionId.Tag);
            CheckCount("globals", ExternalKind.Global, module.Globals.Length, ModuleLimits.Globals, SectionId.Global);
        }

        private void CheckCount(string what, ExternalKind kind, int defined, int limit, SectionId section)
        {
            int count = module.ImportCount(kind) + defined;
            long offset = OffsetOf(defined > 0 ? section : SectionId.Import);
            if (count > limit) context.Fail(offset, $"too many {what}, expected at most {limit}, found {count}");
        }

        private long OffsetOf(SectionId id)
        {
            foreach (Section section in module.Sections)
            {
                if (section.Id == id) return section.Offset;
            }

            return 0;
        }

        private void BuildIndexSpaces()
        {
            var functions = new List<uint>(module.ImportCount(ExternalKind.Function) + module.Functions.Length);
            var tables = new List<TableType>();
            var memories = new List<MemoryType>();
            var globals = new List<GlobalType>();
            var tags = new List<uint>();
            foreach (Import import in module.Imports)
            {
                switch (import.Kind)
                {
                    case ExternalKind.Function: functions.Add(CheckFunctionType(import.TypeIndex, import.Offset)); break;
                    case ExternalKind.Table: tables.Add(CheckTable(import.Table, import.Offset)); break;
                    case ExternalKind.Memory: memories.Add(CheckMemory(import.Memory, import.Offset)); break;
                    case ExternalKind.Global: globals.Add(CheckGlobal(import.Global, import.Offset)); break;
                    case ExternalKind.Tag: tags.Add(CheckTag(import.TypeIndex, import.Offset)); break;
                }
            }

            foreach (TypeUse function in module.Functions) functions.Add(CheckFunctionType(function.TypeIndex, function.Offset));
            foreach (Table table in module.Tables) tables.Add(CheckTable(table.Type, table.Offset));
            foreach (Memory memory in module.Memories) memories.Add(CheckMemory(memory.Type, memory.Offset));
            foreach (Global global in module.Globals) globals.Add(CheckGlobal(global.Type, global.Offset));
            foreach (TypeUse tag in module.Tags) tags.Add(CheckTag(tag.TypeIndex, tag.Offset));
            context.FunctionTypes = [.. functions];
            context.Tables = [.. tables];
            context.Memories = [.. memories];
            context.Globals = [.. globals];
            context.TagTypes = [.. tags];
        }

        private uint CheckFunctionType(uint index, long offset)
        {
            if (index >= module.Types.Length) context.FailUnknown(offset, "type", index, module.Types.Length);
            CompositeType type = module.Types[index].Composite;
            if (type is FunctionType) return index;
            context.Fail(offset, $"type mismatch, expected a function type, found type {index}, which is {ModuleContext.Describe(type)}");
            return index;
        }

        private uint CheckTag(uint index, long offset)
        {
            CheckFunctionType(index, offset);
            int results = context.FunctionTypeAt(index).Results.Length;
            if (results > 0) context.Fail(offset, $"non-empty tag result type, expected none, found {results} in type {index}");
            return index;
        }

        private TableType CheckTable(TableType type, long offset)
        {
            CheckValueType(type.Element, offset);
            CheckLimits("table", "elements", type.Limits, type.Limits.Is64 ? ulong.MaxValue : ModuleLimits.Table32Elements, offset);
            return type;
        }

        private MemoryType CheckMemory(MemoryType type, long offset)
        {
            ulong most = type.Limits.Is64 ? ModuleLimits.Memory64Pages : ModuleLimits.Memory32Pages;
            CheckLimits("memory", "pages", type.Limits, most, offset);
            return type;
        }

        private void CheckLimits(string what, string unit, Limits limits, ulong most, long offset)
        {
            if (limits.IsShared) context.Fail(offset, $"shared {what}, expected an unshared one, as threads are not in WebAssembly 3.0");
            ulong minimum = limits.Minimum;
            if (minimum > most) context.Fail(offset, $"{what} size too large, expected at most {most} {unit}, found {minimum}");
            if (limits.Maximum is not { } maximum) return;
            if (maximum > most) context.Fail(offset, $"{what} size too large, expected at most {most} {unit}, found {maximum}");
            if (minimum > maximum)
                context.Fail(offset, $"size minimum must not be greater than maximum, expected at most {maximum} {unit}, found {minimum}");
        }

        private GlobalType CheckGlobal(GlobalType type, long offset)
        {
            CheckValueType(type.Value, offset);
            return type;
        }

        private void CheckValueType(ValueType type, long offset)
        {
            if (type.IsRef && type.Heap.IsConcrete && type.Heap.Index >= module.Types.Length)
                context.FailUnknown(offset, "type", type.Heap.Index, module.Types.Length);
        }

        private void ValidateGlobals()
        {
            int visible = module.ImportCount(ExternalKind.Global);
            foreach (Global global in module.Globals) expressions.ConstantExpression(global.Initializer, global.Type.Value, visible++);
        }

        private void ValidateTables()
        {
            int importedGlobals = module.ImportCount(ExternalKind.Global);
            foreach (Table table in module.Tables)
            {
                ValueType element = table.Type.Element;
                if (table.Initializer is { } initializer) expressions.ConstantExpression(initializer, element, importedGlobals);
                else if (!element.IsDefaultable)
                    context.Fail(table.Offset, $"type mismatch, expected an initializer for a table of {element}, found none");
            }
        }

        private void ValidateElements()
        {
            foreach (ElementSegment segment in module.Elements)
            {
                CheckValueType(segment.Type, segment.Offset);
                if (segment.TableOffset is { } offset)
                {
                    CheckIndex("table", segment.TableIndex, context.Tables.Length, segment.Offset);
                    TableType table = context.Tables[segment.TableIndex];
                    if (!context.Matches(segment.Type, table.Element))
                        context.Fail(segment.Offset, $"type mismatch, expected elements of type {table.Element}, found {segment.Type}");
                    expressions.ConstantExpression(offset, table.Limits.AddressType, context.Globals.Length);
                }

                if (segment.FunctionIndices is { } functions)
                {
                    foreach (uint function in functions) Declare(function, segment.Offset);
                }
                else
                {
                    foreach (Expression item in segment.Expressions!)
                        expressions.ConstantExpression(item, segment.Type, context.Globals.Length);
                }
            }
        }

        private void ValidateData()
        {
            foreach (DataSegment segment in module.Data)
            {
                if (segment.MemoryOffset is not { } offset) continue;
                CheckIndex("memory", segment.MemoryIndex, context.Memories.Length, segment.Offset);
                expressions.ConstantExpression(offset, context.Memories[segment.MemoryIndex].Limits.AddressType, context.Globals.Length);
            }
        }

        private void ValidateExports()
        {
            var names = new HashSet<string>(module.Exports.Length);
            foreach (Export export in module.Exports)
            {
                switch (export.Kind)
                {
                    case ExternalKind.Function: Declare(export.Index, export.Offset); break;
                    case ExternalKind.Table: CheckIndex("table", export.Index, context.Tables.Length, export.Offset); break;
                    case ExternalKind.Memory: CheckIndex("memory", export.Index, context.Memories.Length, export.Offset); break;
                    case ExternalKind.Global: CheckIndex("global", export.Index, context.Globals.Length, export.Offset); break;
                    case ExternalKind.Tag: CheckIndex("tag", export.Index, context.TagTypes.Length, export.Offset); break;
                }

                if (names.Add(export.Name)) continue;
                string name = ModuleContext.Printable(export.Name);
                context.Fail(export.Offset, $"duplicate export name, expected each once, found '{name}' again");
            }
        }

        private void ValidateStart()
        {
            if (module.Start is not { } start) return;
            long offset = OffsetOf(SectionId.Start);
            CheckIndex("function", start, context.FunctionTypes.Length, offset);
            FunctionType type = context.TypeOfFunction(start);
            if (type.Parameters.Length == 0 && type.Results.Length == 0) return;
            string found = ModuleContext.Printable(type.ToString());
            context.Fail(offset, $"start function of the wrong type, expected () -> (), found {found} ({context.Describe(start)})");
        }

        private void Declare(uint function, long offset)
        {
            CheckIndex("function", function, context.FunctionTypes.Length, offset);
            context.DeclaredFunctions[(int)function] = true;
        }

        private void CheckIndex(string what, uint index, int count, long offset)
        {
            if (index >= (uint)count) context.FailUnknown(offset, what, index, count);
        }
    }
}
