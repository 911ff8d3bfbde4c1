using System.ComponentModel;
using System.Diagnostics;

namespace Chain.Cli.Bench;

/// <summary>The npm packages of a benchmark's peer, which npm installs when they are not there yet.</summary>
internal static class NodePackages
{
    /// <summary>Whether the packages of a folder's <c>package.json</c> are there; where not, the report says why.</summary>
    /// <param name="folder">The peer's folder. Where it has a lock file the versions in it are installed.</param>
    /// <param name="what">What the report calls them.</param>
    /// <param name="report">Where a failure is noted.</param>
    public static bool TryInstall(string folder, string what, BenchReport report)
    {
        if (Directory.Exists(Path.Combine(folder, "node_modules"))) return true;
        string[] verb = File.Exists(Path.Combine(folder, "package-lock.json")) ? ["ci"] : ["install", "--no-package-lock"];
        try
        {
            using Process npm = Process.Start(new ProcessStartInfo("npm", [.. verb, "--no-audit", "--no-fund", "--silent"])
            {
                WorkingDirectory = folder, RedirectStandardOutput = true, RedirectStandardError = true,
            })!;
            Task<string> errors = npm.StandardError.ReadToEndAsync();
            npm.StandardOutput.ReadToEnd();
            npm.WaitForExit();
            if (npm.ExitCode == 0) return true;
            report.Note($"npm could not install {what}, so the peer's columns are empty: {errors.GetAwaiter().GetResult().Split('\n')[0]}");
        }
        catch (Win32Exception)
        {
            report.Note("npm is not installed, so the peer's columns are empty; get Node from https://nodejs.org");
        }

        return false;
    }
}
