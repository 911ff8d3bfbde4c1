using Chain.PolicyEngine.Expressions.Syntax;
using Chain.PolicyEngine.Expressions.Values;

namespace Chain.PolicyEngine.Expressions.Compilation;

/// <summary>A compiled expression or a part of one.</summary>
/// <param name="frame">The state of this evaluation.</param>
/// <returns>The value, or an error value; it never throws for what an expression can do.</returns>
public delegate Value Evaluator(Frame frame);

/// <summary>
/// The state of one evaluation: variables, the variables of macros, and what may still be spent. A host derives from
/// it to give its variables a typed place.
/// </summary>
/// <remarks>Reused from evaluation to evaluation on one thread; not thread-safe.</remarks>
public class Frame
{
    /// <summary>What an evaluation may cost by default: roughly one a loop step, and one for each ten characters or elements handled.</summary>
    public const long DefaultCostLimit = 100_000;

    private long _costLeft = DefaultCostLimit;

    /// <summary>Values of variables that do not read themselves, by <see cref="Types.VariableDeclaration.Slot"/>.</summary>
    public Value[] Variables { get; set; } = [];

    /// <summary>What was spent since <see cref="Begin"/>.</summary>
    public long Cost => CostLimit - _costLeft;

    /// <summary>What an evaluation may cost.</summary>
    public long CostLimit { get; set; } = DefaultCostLimit;

    /// <summary>Whether the limit was passed; no operator absorbs this error.</summary>
    public bool IsExhausted => _costLeft < 0;

    internal Value[] Locals { get; private set; } = [];

    /// <summary>Where the values of sub-expressions go, when the expression was compiled with a trace.</summary>
    internal EvaluationTrace? Trace { get; set; }

    /// <summary>Resets the cost and makes room for the variables of macros.</summary>
    internal void Begin(int localCount)
    {
        _costLeft = CostLimit;
        if (Locals.Length < localCount) Locals = new Value[localCount];
    }

    /// <summary>What may still be spent; not negative.</summary>
    internal long CostLeft => Math.Max(_costLeft, 0);

    /// <summary>Spends; false when the limit is passed.</summary>
    internal bool Spend(long cost) => (_costLeft -= cost) >= 0;

    internal Value Exhausted() => Value.Error($"the expression costs more than the limit of {CostLimit}");
}

/// <summary>The values that sub-expressions had in one evaluation, in the order in which they were known.</summary>
public sealed class EvaluationTrace
{
    private readonly List<(Expr Node, Value Value)> _steps = [];

    /// <summary>At most this many are kept: a macro's body repeats.</summary>
    public const int MaxSteps = 1_000;

    public IReadOnlyList<(Expr Node, Value Value)> Steps => _steps;

    internal void Record(Expr node, Value value)
    {
        if (_steps.Count < MaxSteps) _steps.Add((node, value));
    }
}
