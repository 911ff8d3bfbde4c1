using System.Reflection;
using Chain.Wasm.Validation;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>What the compilation of one function needs to know of the others.</summary>
internal interface ICodeSource
{
    ModuleContext Context { get; }

    /// <summary>The CLR signature of a function type by its index.</summary>
    ClrSignature SignatureOf(uint typeIndex);

    /// <summary>The method of a function that is emitted together with this one; <see langword="null"/> where it has to be reached through
    /// <see cref="ManagedInstance.CodeTable"/>.</summary>
    MethodInfo? MethodOf(uint function);
}
