using System.Diagnostics;
using System.Runtime.Versioning;
using Chain.Tests;

namespace Chain.Cli.Tests.Launcher;

/// <summary>
/// The launcher script in a tree of its own, with an SDK that only notes what it is asked: when it builds, not what a build does.
/// </summary>
[UnsupportedOSPlatform("windows")]
public sealed class LauncherTests : IDisposable
{
    private const string Sdk = """
        #!/usr/bin/env bash
        echo "$*" >>"$SDK_LOG"
        case "$1" in
            --version) exit "${SDK_VERSION_EXIT:-0}" ;;
            --list-sdks) echo "8.0.100 [/sdk]" ;;
            build)
                if [ -n "${SDK_BUILD_ERROR:-}" ]; then echo "$SDK_BUILD_ERROR"; exit 1; fi
                if [ -n "${SDK_RESTORE_ERROR:-}" ] && [ ! -f "$TREE/.chain/build/features.props" ]; then echo "$SDK_RESTORE_ERROR"; exit 1; fi
                mkdir -p "$TREE/src/Cli/bin/Release/net10.0" && touch "$TREE/src/Cli/bin/Release/net10.0/chain.dll" ;;
            restore) exit "${SDK_RESTORE_EXIT:-0}" ;;
            test) printf '%b' "${SDK_TEST_OUTPUT:-}"; exit "${SDK_TEST_EXIT:-0}" ;;
            *) echo "ran: ${*:2}" ;;
        esac
        """;

    private const string NoOrleans =
        "/tree/src/Silo/Silo.csproj : error NU1101: Unable to find package Microsoft.Orleans.Server. No packages exist with this id in source(s): feed [/tree/Chain.sln]";

    private const string WithoutOrleans =
        "chain: Orleans cannot be restored (NU1101: Unable to find package Microsoft.Orleans.Server): building without clusters; to try again: CHAIN_ORLEANS=retry ./chain\n";

    // The machine's own SDK must not be found, so the PATH has these and nothing else.
    private static readonly string[] Commands = ["bash", "env", "find", "sort", "cat", "mktemp", "mkdir", "mv", "rm", "tee", "awk", "touch", "flock", "dirname", "tr", "id", "uname"];

    private readonly string root = Directory.CreateTempSubdirectory("chain-launcher-").FullName;
    private readonly Dictionary<string, string> environment = [];

    public LauncherTests()
    {
        Directory.CreateDirectory(Tools);
        Directory.CreateDirectory(Path.Combine(root, "tree/src/Cli"));
        Directory.CreateDirectory(Path.Combine(root, "tree/tests/X.Tests"));
        File.Copy(Path.Combine(Places.Repository, "chain"), Path.Combine(root, "tree/chain"));
        foreach (string file in new[] { "Directory.Build.props", "Directory.Packages.props", "global.json", "Chain.sln", "src/Cli/Program.cs", "tests/X.Tests/X.cs" })
            File.WriteAllText(Path.Combine(root, "tree", file), "");
        foreach (string command in Commands)
        {
            string? real = new[] { "/usr/bin", "/bin" }.Select(folder => Path.Combine(folder, command)).FirstOrDefault(File.Exists);
            if (real is not null) File.CreateSymbolicLink(Path.Combine(Tools, command), real);
        }

        File.WriteAllText(Path.Combine(Tools, "dotnet"), Sdk);
        File.SetUnixFileMode(Path.Combine(Tools, "dotnet"), UnixFileMode.UserRead | UnixFileMode.UserExecute);
    }

    private string Tools => Path.Combine(root, "tools");

    private string Log => Path.Combine(root, "sdk.log");

    private string Features => Path.Combine(root, "tree/.chain/build/features.props");

    private string[] Builds => File.Exists(Log) ? [.. File.ReadLines(Log).Where(line => line.StartsWith("build ", StringComparison.Ordinal))] : [];

    [Fact]
    public void ItBuildsOnceAndAgainOnlyWhenASourceChangedCameOrWent()
    {
        Assert.Equal((0, "ran: wasm --help\n"), Launch("wasm", "--help"));
        Launch("--help");
        Assert.Single(Builds);

        File.WriteAllText(Path.Combine(root, "tree/src/Cli/Program.cs"), "changed");
        Launch("--help");
        Assert.Equal(2, Builds.Length);

        File.WriteAllText(Path.Combine(root, "tree/src/Cli/New.cs"), "");
        Launch("--help");
        Assert.Equal(3, Builds.Length);

        File.Delete(Path.Combine(root, "tree/src/Cli/New.cs"));
        Launch("--help");
        Assert.Equal(4, Builds.Length);

        // What a build writes is no source, and tests are none of the command line's.
        File.WriteAllText(Path.Combine(root, "tree/src/Cli/bin/Release/net10.0/other.dll"), "");
        File.WriteAllText(Path.Combine(root, "tree/tests/X.Tests/X.cs"), "changed");
        Launch("--help");
        Assert.Equal(4, Builds.Length);
        Assert.All(Builds, build => Assert.Contains("src/Cli/Cli.csproj -c Release", build));
    }

    [Fact]
    public void ArgumentsReachTheCommandLineAsTheyAre() =>
        Assert.Equal((0, "ran: wasm run a b.wasm --invoke  $x\n"), Launch("wasm", "run", "a b.wasm", "--invoke", "", "$x"));

    [Fact]
    public void AMissingSdkIsNamedWithWhereToGetIt()
    {
        Launch("--help");
        File.Delete(Path.Combine(Tools, "dotnet"));
        foreach (string command in new[] { "--help", "test" })
        {
            (int code, string output) = Launch(command);
            Assert.Equal(ExitCode.Unavailable, code);
            Assert.StartsWith("chain: the .NET SDK 10 is missing; get it from https://dotnet.microsoft.com/download", output);
        }
    }

    [Fact]
    public void AnSdkThatIsTooOldIsNamedWithWhatWasFound()
    {
        environment["SDK_VERSION_EXIT"] = "1";
        Assert.Equal((ExitCode.Unavailable, "chain: the .NET SDK 10 is needed (global.json); found: 8.0.100 [/sdk];\n"), Launch("--help"));
    }

    [Fact]
    public void AFailedBuildIsShownAndTriedAgainTheNextTime()
    {
        environment["SDK_BUILD_ERROR"] = "Program.cs(1,1): error CS0000";
        (int code, string output) = Launch("--help");
        Assert.Equal(ExitCode.Unavailable, code);
        Assert.Equal("Program.cs(1,1): error CS0000\nchain: the build failed (log: .chain/build/build.log)\n", output);
        environment.Remove("SDK_BUILD_ERROR");
        Assert.Equal((0, "ran: --help\n"), Launch("--help"));
    }

    [Fact]
    public void TestsOfAllProjectsAreAddedUpInTheLastLine()
    {
        environment["SDK_TEST_OUTPUT"] =
            "Passed!  - Failed:     0, Passed:   1,200, Skipped:     3, Total:   1,203, Duration: 1 s - A.dll (net10.0)\\n"
            + "Skipped! - Failed:     0, Passed:     0, Skipped:     2, Total:     2, Duration: 1 s - B.dll (net10.0)\\n";
        (int code, string output) = Launch("test");
        Assert.Equal("1200 passed, 0 failed, 5 skipped", output.TrimEnd().Split('\n')[^1]);
        Assert.Equal(0, code);

        environment["SDK_TEST_OUTPUT"] += "Failed!  - Failed:     1, Passed:     4, Skipped:     0, Total:     5, Duration: 1 s - C.dll (net10.0)\\n";
        environment["SDK_TEST_EXIT"] = "1";
        (code, output) = Launch("test");
        Assert.Equal("1204 passed, 1 failed, 5 skipped", output.TrimEnd().Split('\n')[^1]);
        Assert.Equal(1, code);
    }

    [Fact]
    public void ATestRunThatDiesOrRunsNothingIsAFailure()
    {
        environment["SDK_TEST_EXIT"] = "134";
        (int code, string output) = Launch("test");
        Assert.Equal("0 passed, 1 failed, 0 skipped", output.TrimEnd().Split('\n')[^1]);
        Assert.Equal(1, code);

        environment["SDK_TEST_EXIT"] = "0";
        Assert.Equal(1, Launch("test").Code);
    }

    [Theory]
    [InlineData("up")]
    [InlineData("demo")]
    [InlineData("store", "migrate", "--data", "x")]
    [InlineData("bench", "ingest")]
    public void WherePostgresIsMissingAndCannotBeGotOneLineSaysWhatToDo(params string[] arguments)
    {
        environment["CHAIN_HIDE_POSTGRES"] = "1";
        (int code, string output) = Launch(arguments);
        Assert.Equal(ExitCode.Unavailable, code);
        Assert.Matches(
            @"\Achain: PostgreSQL 15 or later is not installed and was not got \(apt-get: [^;]+; npm: there is none\); install it " +
            @"\(Debian: apt-get install postgresql\) or name your own with --postgres\n\z", output);

        environment["CHAIN_INSTALL"] = "no";
        Assert.Contains("was not got (CHAIN_INSTALL=no)", Launch(arguments).Output);
    }

    [Theory]
    [InlineData("up", "--help")]
    [InlineData("up", "--postgres", "Host=db")]
    [InlineData("up", "--postgres=Host=db")]
    [InlineData("up", "--join", "Host=db")]
    [InlineData("up", "--join=Host=db")]
    [InlineData("component", "inspect", "up")]
    [InlineData("bench", "engine")]
    [InlineData("call", "demo/up", "--", "up")]
    public void NoPostgresIsLookedForWhereNoneIsNeeded(params string[] arguments)
    {
        environment["CHAIN_HIDE_POSTGRES"] = "1";
        Assert.Equal((0, $"ran: {string.Join(' ', arguments)}\n"), Launch(arguments));
    }

    [Fact]
    public void AnUnpackedPostgresOrOneThatIsNamedIsTakenAsItIs()
    {
        environment["CHAIN_HIDE_POSTGRES"] = "1";
        environment["CHAIN_POSTGRES_BIN"] = "/nowhere";
        Assert.Equal((0, "ran: up\n"), Launch("up"));

        environment.Remove("CHAIN_POSTGRES_BIN");
        string programs = Directory.CreateDirectory(Path.Combine(root, "tree/.chain/postgres-dist/bin")).FullName;
        foreach (string program in new[] { "initdb", "postgres" }) File.WriteAllText(Path.Combine(programs, program), "");
        Assert.Equal((0, "ran: up\n"), Launch("up"));
    }

    [Fact]
    public void ADownloadThatFailsLeavesItsReasonInTheLogAndNothingElse()
    {
        environment["CHAIN_HIDE_POSTGRES"] = "1";
        foreach (string program in new[] { "node", "tar", "npm" })
        {
            File.WriteAllText(Path.Combine(Tools, program), "#!/usr/bin/env bash\necho \"npm error code ENOTFOUND\" >&2\nexit 1\n");
            File.SetUnixFileMode(Path.Combine(Tools, program), UnixFileMode.UserRead | UnixFileMode.UserExecute);
        }

        (int code, string output) = Launch("up");
        Assert.Equal(ExitCode.Unavailable, code);
        Assert.Contains("npm pack failed (log: .chain/build/postgres.log)", output);
        Assert.Contains("npm error code ENOTFOUND", File.ReadAllText(Path.Combine(root, "tree/.chain/build/postgres.log")));
        Assert.Equal(["build"], Directory.GetDirectories(Path.Combine(root, "tree/.chain")).Select(Path.GetFileName));
    }

    [Fact]
    public void TestsThatWillBeSkippedAreNamedWithThePackagesThatTheyNeed()
    {
        environment["CHAIN_HIDE_POSTGRES"] = "1";
        environment["CHAIN_INSTALL"] = "no";
        environment["SDK_TEST_OUTPUT"] = "Passed!  - Failed:     0, Passed:   1, Skipped:     0, Total:   1, Duration: 1 s - A.dll (net10.0)\n";
        (int code, string output) = Launch("test");
        Assert.Equal(0, code);
        string[] lines = output.Split('\n');
        Assert.Equal(
            "PostgreSQL 15 or later is not installed and was not got (CHAIN_INSTALL=no); install it (Debian: apt-get install postgresql); skipping the tests that need it", lines[0]);
        Assert.StartsWith("skipping the tests that need these packages (names as in Debian): nodejs npm", lines[1]);
    }

    [Fact]
    public void WhereOrleansCannotBeHadItIsLeftOutWithOneLineAndNotAskedForAgain()
    {
        environment["SDK_RESTORE_ERROR"] = NoOrleans;
        Assert.Equal((0, "ran: --help\n" + WithoutOrleans), Launch("--help"));
        Assert.Contains(">false</UseOrleans>", File.ReadAllText(Features));
        Assert.Equal(2, Builds.Length);

        // It is not for the next run to find out again, nor for the tests.
        Assert.Equal((0, "ran: --help\n"), Launch("--help"));
        Assert.Equal(2, Builds.Length);
        Assert.Contains("built without Orleans; skipping the tests of clusters\n", Launch("test").Output);
        Assert.Equal(3, Builds.Length);
        Launch("--help");
        Assert.Equal(3, Builds.Length);

        // A changed source is built as was decided.
        File.WriteAllText(Path.Combine(root, "tree/src/Cli/Program.cs"), "changed");
        Assert.Equal((0, "ran: --help\n"), Launch("--help"));
        Assert.Equal(4, Builds.Length);
    }

    [Fact]
    public void OrleansIsTriedAgainWhenAskedForOrWhenPackagesOrFeedsChanged()
    {
        environment["SDK_RESTORE_ERROR"] = NoOrleans;
        Launch("--help");
        environment["CHAIN_ORLEANS"] = "retry";
        Assert.Equal((0, "ran: --help\n" + WithoutOrleans), Launch("--help"));
        environment.Remove("CHAIN_ORLEANS");
        foreach (string file in new[] { "Directory.Packages.props", "NuGet.config" })
        {
            File.WriteAllText(Path.Combine(root, "tree", file), "changed");
            Assert.Equal((0, "ran: --help\n" + WithoutOrleans), Launch("--help"));
            Assert.Equal((0, "ran: --help\n"), Launch("--help"));
        }

        environment["CHAIN_ORLEANS"] = "retry";
        environment.Remove("SDK_RESTORE_ERROR");
        Assert.Equal((0, "ran: --help\n"), Launch("--help"));
        Assert.False(File.Exists(Features));
    }

    [Fact]
    public void OrleansIsNotTriedWhereSomebodyDoesNotWantIt()
    {
        environment["CHAIN_ORLEANS"] = "no";
        Assert.Equal((0, "ran: --help\n"), Launch("--help"));
        Assert.Contains(">false</UseOrleans>", File.ReadAllText(Features));
        Launch("--help");
        Assert.Single(Builds);

        environment.Remove("CHAIN_ORLEANS");
        Launch("--help");
        Assert.Equal(2, Builds.Length);
        Assert.False(File.Exists(Features));
    }

    [Theory]
    [InlineData("/tree/src/Silo/Silo.csproj : error NU1101: Unable to find package Npgsql. No packages exist with this id in source(s): feed", "0")]
    [InlineData("/tree/src/Silo/Silo.csproj : error NU1605: Warning As Error: Detected package downgrade: Microsoft.Orleans.Server", "0")]
    [InlineData(NoOrleans, "1")]
    [InlineData("/tree/src/Silo/Silo.csproj : error NU1301: Unable to load the service index for source https://feed/index.json.", "1")]
    public void WhatElseCannotBeRestoredIsAnErrorWithItsOwnText(string error, string exitWithoutOrleans)
    {
        environment["SDK_RESTORE_ERROR"] = error;
        environment["SDK_RESTORE_EXIT"] = exitWithoutOrleans;
        Assert.Equal((ExitCode.Unavailable, $"{error}\nchain: the build failed (log: .chain/build/build.log)\n"), Launch("--help"));
        Assert.False(File.Exists(Features));
    }

    public void Dispose() => Directory.Delete(root, true);

    private (int Code, string Output) Launch(params string[] arguments)
    {
        var start = new ProcessStartInfo("/bin/bash") { RedirectStandardOutput = true, RedirectStandardError = true, WorkingDirectory = root };
        start.ArgumentList.Add(Path.Combine(root, "tree/chain"));
        foreach (string argument in arguments) start.ArgumentList.Add(argument);
        start.Environment["PATH"] = Tools;
        start.Environment["HOME"] = root;
        start.Environment["TREE"] = Path.Combine(root, "tree");
        start.Environment["SDK_LOG"] = Log;
        foreach ((string name, string value) in environment) start.Environment[name] = value;
        using Process process = Process.Start(start)!;
        Task<string> error = process.StandardError.ReadToEndAsync();
        string output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        return (process.ExitCode, output + error.Result);
    }
}
