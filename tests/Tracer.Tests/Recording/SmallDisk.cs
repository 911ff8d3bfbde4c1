using System.Diagnostics;

namespace Chain.Tracer.Tests.Recording;

/// <summary>A real file system of a few bytes, mounted on a folder until it is disposed of.</summary>
internal sealed class SmallDisk : IDisposable
{
    private readonly string _folder;

    public SmallDisk(string folder, string size)
    {
        _folder = folder;
        Directory.CreateDirectory(folder);
        if (Run("mount", "-t", "tmpfs", "-o", $"size={size}", "none", folder) != 0) throw new InvalidOperationException($"no tmpfs on {folder}");
    }

    // Lazily, because a file of it may be mapped until the collector has come by.
    public void Dispose() => Run("umount", "--lazy", _folder);

    private static int Run(string program, params string[] arguments)
    {
        using Process process = Process.Start(program, arguments);
        process.WaitForExit();
        return process.ExitCode;
    }
}

/// <summary>A test that mounts.</summary>
internal sealed class RootFactAttribute : FactAttribute
{
    public RootFactAttribute()
    {
        if (!OperatingSystem.IsLinux() || Environment.UserName != "root") Skip = "mounting a small tmpfs needs root on Linux";
    }
}
