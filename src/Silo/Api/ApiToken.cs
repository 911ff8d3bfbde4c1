using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;

namespace Chain.Silo.Api;

/// <summary>The secret that a caller of the API shows (RFC 6750). Immutable; safe for any thread.</summary>
public sealed class ApiToken
{
    /// <summary>The file's name in a node's folder.</summary>
    public const string FileName = "token";

    private const int Bytes = 32;
    private const int Shortest = 16;

    private readonly byte[] digest;

    private ApiToken(string text)
    {
        Text = text;
        digest = SHA256.HashData(Encoding.UTF8.GetBytes(text));
    }

    public string Text { get; }

    /// <summary>The token of a node's folder, made where there is none yet; nobody but the owner may read the file.</summary>
    /// <exception cref="IOException">The file cannot be read or made, or holds no token.</exception>
    public static ApiToken ReadOrMake(string folder)
    {
        string path = Path.Combine(folder, FileName);
        if (!File.Exists(path)) Make(path);
        else if (!OperatingSystem.IsWindows()) File.SetUnixFileMode(path, UnixFileMode.UserRead | UnixFileMode.UserWrite);
        string text = File.ReadAllText(path).Trim();
        return text.Length >= Shortest ? new ApiToken(text) : throw new IOException($"{path} holds no token: expected {Shortest} characters or more, found {text.Length}; remove it to get a new one");
    }

    /// <summary>Whether a caller showed it; takes as long for a wrong one, wherever they differ.</summary>
    public bool Fits(string shown) => CryptographicOperations.FixedTimeEquals(SHA256.HashData(Encoding.UTF8.GetBytes(shown)), digest);

    private static void Make(string path)
    {
        string text = Base64Url.EncodeToString(RandomNumberGenerator.GetBytes(Bytes));
        var options = new FileStreamOptions { Mode = FileMode.CreateNew, Access = FileAccess.Write };
        if (!OperatingSystem.IsWindows()) options.UnixCreateMode = UnixFileMode.UserRead | UnixFileMode.UserWrite;
        using var file = new StreamWriter(path, Encoding.ASCII, options);
        file.WriteLine(text);
    }
}
