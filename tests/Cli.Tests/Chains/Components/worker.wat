(module
  (memory (export "memory") 1)
  (func (export "chain:probe/work#perform") (param $deed i32) (result i32)
    ;; A result at 16: its case, and at 20 the payload.
    (if (i32.eq (local.get $deed) (i32.const 2)) (then (unreachable)))
    (if (i32.eq (local.get $deed) (i32.const 3)) (then (loop $again (br $again))))
    (i32.store (i32.const 16) (i32.const 0))
    (i32.store (i32.const 20) (i32.const 7))
    (if (i32.eq (local.get $deed) (i32.const 1)) (then
      (i32.store (i32.const 16) (i32.const 1))
      (i32.store (i32.const 20) (i32.const 1))))
    (i32.const 16)))
