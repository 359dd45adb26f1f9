// See modelname.h.
#include "ui/frame/modelname.h"

#include "ui/widgets/words.h"

namespace fettle::ui {

void readModelName(Bridge &bridge, QObject *receiver, const std::string &purpose, std::function<void(const QString &name)> show)
{
    const std::string model = bridge.baseModel();
    show(modelNameText(model));
    bridge.readSlowly<engine::Inspection>(
        receiver,
        [model](const ProjectApi *, const JobContext &job) -> Result<engine::Inspection> {
            auto path = job.engine.resolveModel(model);
            if (!path)
                return passError(path);
            return job.engine.inspect(*path);
        },
        // An unreadable model keeps the name of its setting; the Train and Models pages say what is wrong with it.
        [&bridge, model, show = std::move(show)](Result<engine::Inspection> inspection) {
            if (inspection && !inspection->name.empty() && bridge.baseModel() == model)
                show(QString::fromStdString(inspection->name));
        },
        purpose);
}

} // namespace fettle::ui
