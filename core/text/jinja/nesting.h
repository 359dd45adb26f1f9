// How deep functions that walk through nested values are in them, so that hostile values end in an error instead of a full stack.
#pragma once

#include "core/base/words.h"
#include "core/text/jinja/failure.h"

namespace fettle::text::jinja {

class Nesting {
public:
    static constexpr int kDeepest = 500;
    Nesting()
    {
        if (s_depth >= kDeepest)
            stop(tr("values are nested too deeply"), Failure::Reason::Limit);
        ++s_depth;
    }
    ~Nesting() { --s_depth; }
    Nesting(const Nesting &) = delete;
    Nesting &operator=(const Nesting &) = delete;

private:
    static inline thread_local int s_depth = 0;
};

} // namespace fettle::text::jinja
