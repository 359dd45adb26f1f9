#include "core/text/plaintemplate.h"

namespace fettle::text {

const ChatTemplate &plainTemplate()
{
    // The beginning of a text is marked where the model has a mark of its own for it.
    static const ChatTemplate made = *ChatTemplate::parse(R"({{- bos_token if bos_token is defined and eos_token is defined and bos_token and bos_token != eos_token else '' }}
{%- for message in messages %}
    {%- if message['role'] == 'assistant' %}
        {{- 'Answer: ' ~ message['content'] ~ (eos_token if eos_token is defined else '') ~ ('' if loop.last else '\n') }}
    {%- elif message['role'] == 'system' %}
        {{- message['content'] ~ '\n\n' }}
    {%- else %}
        {{- 'Question: ' ~ message['content'] ~ '\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- 'Answer:' }}
{%- endif %})");
    return made;
}

} // namespace fettle::text
