using System.Net;
using System.Runtime.Versioning;
using Chain.Cli.Node;
using Chain.Cli.Tests.Node;
using Chain.Silo.Hosting;
using Chain.Silo.Hosting.Local;
using Chain.Tests;

namespace Chain.Cli.Tests.Cluster;

/// <summary>What <c>chain up</c> is told about silos, before any is started.</summary>
[UnsupportedOSPlatform("windows")]
public sealed class ClusterArgumentsTests
{
    [Theory]
    [InlineData("region", 0, "expected KEY=VALUE of letters, digits, '-', '_' and '.', such as region=eu; the key begins with a small letter")]
    [InlineData("region=", 2, "expected KEY=VALUE or N:KEY=VALUE of letters, digits, '-', '_' and '.', such as region=eu; the key begins with a small letter")]
    [InlineData("Region=eu", 0, "expected KEY=VALUE of letters, digits, '-', '_' and '.', such as region=eu; the key begins with a small letter")]
    [InlineData("region=e u", 0, "expected KEY=VALUE of letters, digits, '-', '_' and '.', such as region=eu; the key begins with a small letter")]
    [InlineData("3:region=eu", 2, "expected a silo from 1 to 2, found 3")]
    [InlineData("1:region=eu", 0, "expected KEY=VALUE; silos have numbers with --silos only")]
    public void ALabelThatIsNoneIsSaid(string text, int silos, string expected) =>
        Assert.Equal($"--label {text}: {expected}", Assert.Throws<CommandException>(() => SiloLabel.Parse(text, silos)).Message);

    [Fact]
    public void EachSiloHasItsOwnFolderNamePortsAndLabels()
    {
        var request = new UpRequest(
            new NodeOptions { Folder = "/all", Port = 8080, Cluster = new ClusterOptions { SiloPort = 11_000, HttpPort = 12_000 } }, IPAddress.Loopback, 7700, ["app"], Json: true)
        {
            Silos = 3, Labels = [SiloLabel.Parse("region=eu", 3), SiloLabel.Parse("2:region=us", 3), SiloLabel.Parse("2:zone=a", 3)],
        };
        string[] second = [.. request.Of(2, "/all/silos/s2", "/all/postgres").Arguments("/all/silos/s2")];
        Assert.Equal(
            "up --data /all/silos/s2 --host 127.0.0.1 --port 8081 --api-host 127.0.0.1 --api-port 7701 --name s2 --supervised --shared-postgres /all/postgres "
            + "--silo-host 127.0.0.1 --silo-port 11001 --forward-port 12001 --gateway-port 0 --label region=us --label zone=a",
            string.Join(' ', second));
        Assert.Contains("--label region=eu", string.Join(' ', request.Of(3, "/all/silos/s3", null).Arguments("/all/silos/s3")));
        Assert.Equal("eu-3", (request with { Name = "eu" }).Of(3, "/x", null).Node.Name);
    }

    [NoClusterFact]
    public void ABuildWithoutOrleansSaysSo()
    {
        using var chain = new NodeCommands();
        const string Text = "this build was made without Orleans and has no clusters; to try again: CHAIN_ORLEANS=retry ./chain";
        chain.Run("up", "--silos", "3").FailedWith(ExitCode.Unavailable, $"--silos: {Text}");
        chain.Run("up", "--join", "Host=here").FailedWith(ExitCode.Unavailable, $"--join: {Text}");
        Assert.False(Directory.Exists(chain.Data));
    }

    [ClusterFact]
    public void WhatDoesNotGoTogetherIsSaidBeforeAnythingStarts()
    {
        using var chain = new NodeCommands();
        chain.Run("up", "--silos", "0").FailedWith(ExitCode.BadInput, "--silos 0: expected 1 to 64");
        chain.Run("up", "--silos", "3", "--join", "Host=here").FailedWith(ExitCode.BadInput, "--silos and --join: expected one of them");
        chain.Run("up", "--postgres", "Host=here", "--join", "Host=here").FailedWith(ExitCode.BadInput, "--join and --postgres: expected one of them");
        chain.Run("up", "--join").FailedWith(
            ExitCode.BadInput, "--join: expected a connection string, here or in $CHAIN_POSTGRES; silos that share a machine need none: chain up --silos 3");
        chain.Run("up", "--silo-port", "5000").FailedWith(ExitCode.BadInput, "--silo-port: expected --silos or --join too");
        chain.Run("up", "--silos", "3", "--port", "8080", "--api-port", "8082").FailedWith(
            ExitCode.BadInput, "--port 8080 and --api-port 8082: expected 3 ports of their own for each");
        chain.Run("up", "--silos", "3", "--port", "65534").FailedWith(ExitCode.BadInput, "--port 65534: expected 3 ports from there on, up to 65535");
        chain.Run("up", "--silos", "2", "--silo-host", "0.0.0.0").FailedWith(
            ExitCode.BadInput, "--silo-host 0.0.0.0: expected an address of this machine that other silos reach, or a name of it");
        chain.Run("up", "--silos", "2", "--label", "a=b", "--label", "a=c").FailedWith(ExitCode.BadInput, "--label a=c: a=b is there already");
        Assert.False(Directory.Exists(chain.Data));
    }

    /// <summary>A fact of a build without Orleans.</summary>
    private sealed class NoClusterFactAttribute : FactAttribute
    {
        public NoClusterFactAttribute()
        {
            if (ClusterSupport.IsBuiltIn) Skip = "needs a build without Orleans; CHAIN_ORLEANS=no ./chain test makes one";
        }
    }
}
