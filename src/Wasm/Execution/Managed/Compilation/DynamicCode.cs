using System.Reflection;
using System.Reflection.Emit;
using System.Runtime.CompilerServices;

namespace Chain.Wasm.Execution.Managed.Compilation
{
    /// <summary>Assemblies that are made at run time, may use the engine's internals and are unloaded with their last user.</summary>
    internal static class DynamicCode
    {
        /// <summary>The attributes of a method of compiled code.</summary>
        public const MethodAttributes MethodKind = MethodAttributes.Public | MethodAttributes.Static | MethodAttributes.HideBySig;

        private static readonly ConstructorInfo IgnoresAccessChecks =
            typeof(IgnoresAccessChecksToAttribute).GetConstructor([typeof(string)])!;

        /// <summary>Makes a module in a new collectible assembly.</summary>
        /// <param name="name">The assembly's name.</param>
        /// <param name="visible">Assemblies besides this one whose internals it may use.</param>
        public static ModuleBuilder NewModule(string name, params ReadOnlySpan<Assembly> visible)
        {
            // Collectible code is not tiered: the JIT optimises it at its first call, and there is no slow start.
            AssemblyBuilder assembly = AssemblyBuilder.DefineDynamicAssembly(new AssemblyName(name), AssemblyBuilderAccess.RunAndCollect);
            OpenInternals(assembly, typeof(DynamicCode).Assembly);
            foreach (Assembly other in visible) OpenInternals(assembly, other);
            return assembly.DefineDynamicModule(name);
        }

        /// <summary>Lets an assembly use another's internals.</summary>
        public static void OpenInternals(AssemblyBuilder assembly, Assembly target) =>
            assembly.SetCustomAttribute(new CustomAttributeBuilder(IgnoresAccessChecks, [target.GetName().Name!]));

        public static TypeBuilder NewType(ModuleBuilder module, string name) => module.DefineType(
            name, TypeAttributes.Public | TypeAttributes.Abstract | TypeAttributes.Sealed | TypeAttributes.BeforeFieldInit, typeof(object));

        /// <summary>The address of a static method of a finished type.</summary>
        public static nint AddressOf(Type type, string method) =>
            (type.GetMethod(method, BindingFlags.Public | BindingFlags.Static)
                ?? throw new InvalidOperationException($"no method {method}")).MethodHandle.GetFunctionPointer();
    }
}

namespace System.Runtime.CompilerServices
{
    /// <summary>The runtime looks for this attribute by name: its assembly may use the internals of the one it names.</summary>
    [AttributeUsage(AttributeTargets.Assembly, AllowMultiple = true)]
    internal sealed class IgnoresAccessChecksToAttribute(string assemblyName) : Attribute
    {
        public string AssemblyName { get; } = assemblyName;
    }
}
