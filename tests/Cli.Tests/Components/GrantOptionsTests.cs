using System.CommandLine;
using Chain.Cli.Components;
using Chain.Wasm.Wasi.Filesystem;

namespace Chain.Cli.Tests.Components;

public sealed class GrantOptionsTests
{
    [Fact]
    public void NothingIsGrantedWithoutAnOption()
    {
        Grants grants = Read();
        Assert.Empty(grants.Environment);
        Assert.Empty(grants.Directories);
    }

    [Fact]
    public void VariablesKeepTheirOrderAndTheirEqualsSigns() => Assert.Equal(
        [new("B", "1=2"), new("A", "")], Read("--env", "B=1=2", "--env", "A=").Environment);

    [Fact]
    public void ADirectoryIsWritableUnlessItSaysOtherwise()
    {
        string folder = Path.GetTempPath();
        IReadOnlyList<Preopen> directories = Read("--dir", folder + "::/data", "--dir", folder + "::/in:ro").Directories;
        Assert.Equal(["/data", "/in"], directories.Select(directory => directory.GuestPath));
        Assert.Equal(DirectoryPermissions.Read | DirectoryPermissions.Mutate, directories[0].Directories);
        Assert.Equal(FilePermissions.Read | FilePermissions.Write, directories[0].Files);
        Assert.Equal((DirectoryPermissions.Read, FilePermissions.Read), (directories[1].Directories, directories[1].Files));
    }

    private static Grants Read(params string[] arguments)
    {
        var options = new GrantOptions();
        var command = new Command("test");
        options.AddTo(command);
        return options.Read(command.Parse(arguments));
    }
}
