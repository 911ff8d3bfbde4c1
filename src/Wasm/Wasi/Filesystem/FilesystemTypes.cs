using Chain.Wasm.Components.Hosting;
using Chain.Wasm.Wasi.Clocks;

namespace Chain.Wasm.Wasi.Filesystem;

/// <summary>The enum <c>error-code</c> of <c>wasi:filesystem/types</c>, in its order.</summary>
public enum ErrorCode : byte
{
    Access,
    WouldBlock,
    Already,
    BadDescriptor,
    Busy,
    Deadlock,
    Quota,
    Exist,
    FileTooLarge,
    IllegalByteSequence,
    InProgress,
    Interrupted,
    Invalid,
    Io,
    IsDirectory,
    Loop,
    TooManyLinks,
    MessageSize,
    NameTooLong,
    NoDevice,
    NoEntry,
    NoLock,
    InsufficientMemory,
    InsufficientSpace,
    NotDirectory,
    NotEmpty,
    NotRecoverable,
    Unsupported,
    NoTty,
    NoSuchDevice,
    Overflow,
    NotPermitted,
    Pipe,
    ReadOnly,
    InvalidSeek,
    TextFileBusy,
    CrossDevice,
}

/// <summary>The enum <c>descriptor-type</c>.</summary>
public enum DescriptorType : byte
{
    Unknown,
    BlockDevice,
    CharacterDevice,
    Directory,
    Fifo,
    SymbolicLink,
    RegularFile,
    Socket,
}

/// <summary>The flags <c>descriptor-flags</c>.</summary>
[Flags]
public enum DescriptorFlags : byte
{
    None = 0,
    Read = 1,
    Write = 2,
    FileIntegritySync = 4,
    DataIntegritySync = 8,
    RequestedWriteSync = 16,
    MutateDirectory = 32,
}

/// <summary>The flags <c>path-flags</c>.</summary>
[Flags]
public enum PathFlags : byte
{
    None = 0,
    SymlinkFollow = 1,
}

/// <summary>The flags <c>open-flags</c>.</summary>
[Flags]
public enum OpenFlags : byte
{
    None = 0,
    Create = 1,
    Directory = 2,
    Exclusive = 4,
    Truncate = 8,
}

/// <summary>The enum <c>advice</c>.</summary>
public enum Advice : byte
{
    Normal,
    Sequential,
    Random,
    WillNeed,
    DontNeed,
    NoReuse,
}

/// <summary>The record <c>descriptor-stat</c>; sizes in bytes.</summary>
public readonly record struct DescriptorStat(
    DescriptorType Type,
    ulong LinkCount,
    ulong Size,
    Datetime? DataAccessTimestamp,
    Datetime? DataModificationTimestamp,
    Datetime? StatusChangeTimestamp);

/// <summary>The record <c>directory-entry</c>.</summary>
public sealed record DirectoryEntry(DescriptorType Type, string Name);

/// <summary>The record <c>metadata-hash-value</c>.</summary>
public readonly record struct MetadataHashValue(ulong Lower, ulong Upper);

/// <summary>The variant <c>new-timestamp</c>; its default is <c>no-change</c>.</summary>
public readonly struct NewTimestamp : IVariant<NewTimestamp>
{
    private readonly Datetime timestamp;

    private NewTimestamp(int @case, Datetime timestamp) => (Case, this.timestamp) = (@case, timestamp);

    public static NewTimestamp NoChange => default;

    public static NewTimestamp Now => new(1, default);

    public static IReadOnlyList<(string Label, Type? Payload)> Cases { get; } = [("no-change", null), ("now", null), ("timestamp", typeof(Datetime))];

    public int Case { get; }

    public object? Payload => Case == 2 ? timestamp : null;

    internal bool IsNoChange => Case == 0;

    internal bool IsNow => Case == 1;

    /// <summary>The payload of <c>timestamp</c>.</summary>
    internal Datetime Value => timestamp;

    /// <summary>The case <c>timestamp</c>.</summary>
    public static NewTimestamp At(Datetime timestamp) => new(2, timestamp);

    public static NewTimestamp Create(int @case, object? payload) => new(@case, payload is Datetime timestamp ? timestamp : default);
}
