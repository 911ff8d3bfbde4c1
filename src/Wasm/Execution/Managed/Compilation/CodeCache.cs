using System.Reflection;
using System.Runtime.InteropServices;
using System.Runtime.Intrinsics.Arm;
using System.Runtime.Intrinsics.X86;
using System.Runtime.Loader;
using System.Security.Cryptography;
using System.Text;
using Module = Chain.Wasm.Binary.Module;

namespace Chain.Wasm.Execution.Managed.Compilation;

/// <summary>
/// Compiled modules on disk, by the digest of all that their code depends on: the module, this compiler, the runtime, the processor's
/// features and the options. A file that is not whole is passed over and written anew. Safe for many processes at once.
/// </summary>
internal sealed class CodeCache
{
    private readonly string folder;

    /// <exception cref="UnauthorizedAccessException">The folder can be written by others: what it holds would run with our rights.</exception>
    public CodeCache(string folder)
    {
        this.folder = folder;
        if (OperatingSystem.IsWindows())
        {
            Directory.CreateDirectory(folder);
            return;
        }

        const UnixFileMode own = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute;
        const UnixFileMode others = UnixFileMode.GroupWrite | UnixFileMode.OtherWrite;
        Directory.CreateDirectory(folder, own);
        if ((File.GetUnixFileMode(folder) & others) != 0)
        {
            throw new UnauthorizedAccessException(
                $"{folder}: others may write to the cache of compiled code; expected mode 0700, found {File.GetUnixFileMode(folder)}");
        }
    }

    /// <summary>The assembly for a module, in a context of its own that can be unloaded; <see langword="null"/> where there is none.</summary>
    public Assembly? TryLoad(string key)
    {
        byte[] bytes;
        try
        {
            bytes = File.ReadAllBytes(PathOf(key));
        }
        catch (IOException)
        {
            return null;
        }

        int length = bytes.Length - SHA256.HashSizeInBytes;
        if (length <= 0 || !SHA256.HashData(bytes.AsSpan(0, length)).AsSpan().SequenceEqual(bytes.AsSpan(length))) return null;
        return Load(bytes.AsSpan(0, length).ToArray(), key);
    }

    /// <summary>Keeps an assembly. That it could not be written is no error: the next process compiles again.</summary>
    public void Save(string key, byte[] assembly)
    {
        string temporary = $"{PathOf(key)}.{Guid.NewGuid():n}";
        try
        {
            using (FileStream file = File.Create(temporary))
            {
                file.Write(assembly);
                file.Write(SHA256.HashData(assembly));
            }

            File.Move(temporary, PathOf(key), overwrite: true);
        }
        catch (IOException)
        {
            File.Delete(temporary);
        }
    }

    public static Assembly Load(byte[] assembly, string name) =>
        new AssemblyLoadContext("wasm:" + name, isCollectible: true).LoadFromStream(new MemoryStream(assembly));

    /// <summary>The digest of all that the code of a module depends on.</summary>
    public static string KeyOf(Module module, EngineOptions options)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        string rest = string.Join('|',
            typeof(CodeCache).Module.ModuleVersionId, RuntimeInformation.FrameworkDescription, RuntimeInformation.ProcessArchitecture,
            Avx512F.IsSupported, Avx2.IsSupported, Avx.IsSupported, Fma.IsSupported, Ssse3.IsSupported, Sse41.IsSupported,
            AdvSimd.IsSupported, options.MeasureFuel);
        hash.AppendData(Encoding.UTF8.GetBytes(rest));
        hash.AppendData(module.Bytes.Span);
        return Convert.ToHexStringLower(hash.GetHashAndReset());
    }

    private string PathOf(string key) => Path.Combine(folder, key + ".dll");
}
