(module
  (import "chain:hop/next" "step" (func $next (param i32 i32) (result i32)))
  (global $sink (mut i64) (i64.const 1))
  (func $work (param $rounds i32)
    (local $x i64)
    (local.set $x (global.get $sink))
    (block $done
      (loop $again
        (br_if $done (i32.eqz (local.get $rounds)))
        (local.set $x (i64.add (i64.mul (local.get $x) (i64.const 6364136223846793005)) (i64.const 1442695040888963407)))
        (local.set $rounds (i32.sub (local.get $rounds) (i32.const 1)))
        (br $again)))
    (global.set $sink (local.get $x)))
  (func (export "chain:hop/step#step") (param $depth i32) (param $rounds i32) (result i32)
    (call $work (local.get $rounds))
    (if (result i32) (i32.eqz (local.get $depth))
      (then (i32.const 0))
      (else (i32.add (i32.const 1) (call $next (i32.sub (local.get $depth) (i32.const 1)) (local.get $rounds)))))))
